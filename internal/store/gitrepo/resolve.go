package gitrepo

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// Prefixes of ref names.
const (
	BranchPrefix = "refs/heads/"
	TagPrefix    = "refs/tags/"
)

const (
	minAbbreviation = 4
	maxRevision     = 1024 // bytes; longer names cannot be refs
	maxTagDepth     = 10   // tags of tags that are followed
)

func badRevision(rev string) error {
	return hub.Errorf(hub.RevisionNotFound, "Invalid rev id: %s", rev)
}

// Resolve returns the commit that rev names: the 40 hex digits of a commit, a branch, a tag, a full ref name
// (refs/…), HEAD (the default branch) or at least 4 hex digits that begin the id of one commit only, tried in
// this order. Tags are peeled. Like git, and unlike a listing of names, the full id comes first: else somebody
// could make a branch of that name and change what a pinned revision means.
//
// Code RevisionNotFound, "Invalid rev id: {rev}", when there is none or an abbreviation is ambiguous.
func (s *Snapshot) Resolve(ctx context.Context, rev string) (hub.OID, error) {
	v, done, err := s.use()
	if err != nil {
		return hub.ZeroOID, err
	}
	defer done()
	if rev == "" || len(rev) > maxRevision || !utf8.ValidString(rev) || strings.IndexByte(rev, 0) >= 0 {
		return hub.ZeroOID, badRevision(rev)
	}
	full, fullErr := hub.ParseOID(rev)
	if k, ok := v.kind(full); fullErr == nil && ok && k == object.KindCommit {
		return full, nil
	}
	names := []string{BranchPrefix + rev, TagPrefix + rev}
	if strings.HasPrefix(rev, "refs/") {
		names = append(names, rev)
	}
	if rev == "HEAD" {
		names = append(names, BranchPrefix+hub.DefaultBranch)
	}
	for _, name := range names {
		ref, err := s.store.meta.Ref(ctx, v.repo, name)
		if hub.Is(err, hub.RevisionNotFound) {
			continue
		}
		if err != nil {
			return hub.ZeroOID, err
		}
		return s.peel(ctx, v, ref.Target, rev)
	}
	if fullErr == nil {
		// Perhaps the commit is newer than the snapshot.
		if v, done, err = s.advanced(ctx, v.repo); err != nil {
			return hub.ZeroOID, err
		}
		defer done()
	}
	oid, ok := v.abbreviated(rev)
	if !ok {
		return hub.ZeroOID, badRevision(rev)
	}
	return oid, nil
}

// advanced goes forward to the newest generation and returns its view in use.
func (s *Snapshot) advanced(ctx context.Context, repo hub.ID) (*view, func(), error) {
	if err := s.advance(ctx, repo); err != nil {
		return nil, nil, err
	}
	return s.use()
}

// peel follows tags to a commit. An object that is not there may be newer than the snapshot.
func (s *Snapshot) peel(ctx context.Context, v *view, oid hub.OID, rev string) (hub.OID, error) {
	fresh := false
	for range maxTagDepth {
		kind, ok := v.kind(oid)
		if !ok && !fresh {
			newer, done, err := s.advanced(ctx, v.repo)
			if err != nil {
				return hub.ZeroOID, err
			}
			defer done()
			v, fresh = newer, true
			kind, ok = v.kind(oid)
		}
		if !ok || (kind != object.KindCommit && kind != object.KindTag) {
			break
		}
		if kind == object.KindCommit {
			return oid, nil
		}
		data, err := v.read(oid, object.KindTag)
		if err != nil {
			return hub.ZeroOID, err
		}
		tag, err := object.ParseTag(data)
		if err != nil {
			return hub.ZeroOID, fmt.Errorf("tag %s: %w", oid, err)
		}
		oid = tag.Target
	}
	return hub.ZeroOID, badRevision(rev)
}

// abbreviated returns the only commit whose id begins with the hex digits of short.
func (v *view) abbreviated(short string) (hub.OID, bool) {
	if len(short) < minAbbreviation || len(short) > 40 {
		return hub.ZeroOID, false
	}
	digits := strings.ToLower(short)
	low, errLow := hex.DecodeString(digits + strings.Repeat("0", 40-len(digits)))
	high, errHigh := hex.DecodeString(digits + strings.Repeat("f", 40-len(digits)))
	if errLow != nil || errHigh != nil {
		return hub.ZeroOID, false
	}
	var found hub.OID
	for _, p := range v.packs {
		for pos := p.LowerBound(hub.OID(low)); pos < p.Len(); pos++ {
			oid := p.OID(pos)
			if bytes.Compare(oid[:], high) > 0 {
				break
			}
			if p.Kind(pos) != object.KindCommit || oid == found {
				continue
			}
			if !found.IsZero() {
				return hub.ZeroOID, false
			}
			found = oid
		}
	}
	return found, !found.IsZero()
}
