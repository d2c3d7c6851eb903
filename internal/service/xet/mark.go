package xet

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// A database that was put back to an older state forgets uploads that clients remember, and remembers bytes that have been
// deleted since. So that this is noticed, a number is kept in both places, in the database and beside the bytes, and grows
// while files arrive. Where the two differ one of them is older than the other.
const (
	markPrefix  = "xet-mark/"
	markSetting = "xet.mark"
	// markEvery is how old the mark may become while uploads arrive: so young may the uploads be, at most, that an unnoticed
	// older database knows nothing of.
	markEvery = time.Minute
)

// Recognize compares the database with the bytes beside it, and has to be called before anybody is served. If one of them is
// older than the other, clients are made to forget all they remember, bytes without a row become the sweeper's, and
// xorbs without bytes are to be uploaded again; restored tells of it.
func (s *Service) Recognize(ctx context.Context) (restored bool, err error) {
	here, err := s.mark(ctx)
	if err != nil {
		return false, err
	}
	there, err := s.marks(ctx)
	if err != nil {
		return false, err
	}
	newest := int64(0)
	if len(there) > 0 {
		newest = slices.Max(there)
	}
	if newest != here {
		if err := s.reconcile(ctx); err != nil {
			return true, err
		}
	}
	return newest != here, s.setMark(ctx, max(newest, here)+1, there)
}

func (s *Service) mark(ctx context.Context) (int64, error) {
	text, ok, err := s.meta.Setting(ctx, markSetting)
	if err != nil || !ok {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err
}

func (s *Service) marks(ctx context.Context) (all []int64, err error) {
	err = s.blobs.Keys(ctx, markPrefix, func(key string, _ int64) error {
		if n, err := strconv.ParseInt(strings.TrimPrefix(key, markPrefix), 10, 64); err == nil {
			all = append(all, n)
		}
		return nil
	})
	return all, err
}

func markKey(n int64) string { return markPrefix + itoa(n) }

// setMark writes a new mark in both places and takes the old ones away. Breaking off in between makes the places differ, which
// costs clients their memory and nothing else.
func (s *Service) setMark(ctx context.Context, n int64, old []int64) error {
	if _, err := s.blobs.Create(ctx, markKey(n), strings.NewReader(""), blob.Expect{}); err != nil {
		return err
	}
	if err := s.meta.PutSetting(ctx, markSetting, itoa(n)); err != nil {
		return err
	}
	for _, o := range old {
		if err := s.blobs.Delete(ctx, markKey(o)); err != nil {
			return err
		}
	}
	s.marked.Lock()
	defer s.marked.Unlock()
	s.marked.at = s.now()
	return nil
}

// markUse renews the mark when it is time. It is called when something was uploaded; a failure costs nobody's upload.
func (s *Service) markUse(ctx context.Context) {
	now := s.now()
	s.marked.Lock()
	due := now.Sub(s.marked.at) >= markEvery
	if due {
		s.marked.at = now
	}
	s.marked.Unlock()
	if !due {
		return
	}
	ctx = context.WithoutCancel(ctx)
	n, err := s.mark(ctx)
	if err == nil {
		err = s.setMark(ctx, n+1, []int64{n})
	}
	if err != nil {
		s.logErr(ctx, "marking the age of the database", err)
	}
}

// reconcile makes the best of a database and bytes of different ages.
func (s *Service) reconcile(ctx context.Context) error {
	if err := s.meta.RaiseXetEpochs(ctx); err != nil {
		return err
	}
	var loose []xethash.Hash
	err := s.blobs.Keys(ctx, xorbPrefix, func(key string, _ int64) error {
		h, err := xethash.Parse(strings.TrimPrefix(key, xorbPrefix))
		if err != nil {
			return nil
		}
		_, err = s.meta.XetXorb(ctx, h)
		if hub.Is(err, hub.NotFound) {
			loose, err = append(loose, h), nil
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range loose {
		// Announced like bytes that are about to arrive, they are swept when nobody uploads them.
		if _, _, err := s.meta.BeginXetXorb(ctx, "", h); err != nil && !hub.Is(err, hub.Unavailable) {
			return err
		}
	}
	return s.missing(ctx)
}

// missing marks xorbs without bytes as rotten.
func (s *Service) missing(ctx context.Context) error {
	for after := (hub.XetHash{}); ; {
		xorbs, err := s.meta.XetXorbsAfter(ctx, after, sweepBatch)
		if err != nil || len(xorbs) == 0 {
			return err
		}
		for _, x := range xorbs {
			after = x.Hash
			_, err := s.blobs.Stat(ctx, xorbKey(x.Hash))
			if hub.Is(err, hub.NotFound) {
				s.logErr(ctx, "stored bytes are missing", rot(x.Hash, err))
				err = s.meta.SetXetChecked(ctx, x.Hash, true)
			}
			if err != nil {
				return err
			}
		}
	}
}
