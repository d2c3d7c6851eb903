package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// UploadPack serves a fetch: in version 2 commands, before that the wants, the negotiation and the pack. stateless
// tells that r is one request whose answer ends w, and not a connection on which more may follow. g must hold
// RepoContentRead. What is wrong with the request is told to the client, in the protocol, and is no error here: the
// error is one of access, of the store or of the connection.
func (s *Service) UploadPack(ctx context.Context, g access.Grant, version int, stateless bool, r io.Reader, w io.Writer) error {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return err
	}
	b := buffers.Get().(*bufio.ReadWriter)
	b.Reader.Reset(r)
	b.Writer.Reset(s.standing(ctx, g, w))
	defer func() {
		b.Reader.Reset(nil)
		b.Writer.Reset(nil)
		buffers.Put(b)
	}()
	in, out := pktline.Over(b.Reader), b.Writer
	for {
		again := false
		if version == V2 {
			again, err = s.nextV2(ctx, g, repo, in, out)
		} else {
			err = s.uploadV0(ctx, g, repo, in, out, stateless)
		}
		failed := err != nil
		if err = tellClient(err, pktline.NewWriter(out)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil || failed || !again || stateless {
			return err
		}
	}
}

// buffers are those of fetches: most questions and answers are so short that making buffers would take longer than all the
// rest.
var buffers = sync.Pool{New: func() any {
	return bufio.NewReadWriter(bufio.NewReaderSize(nil, 4<<10), bufio.NewWriterSize(nil, 32<<10))
}}

// nextV2 answers one command; again tells that another one may follow.
func (s *Service) nextV2(ctx context.Context, g access.Grant, repo hub.Repo, in *pktline.Reader, out io.Writer) (again bool, err error) {
	q, ok, err := readRequest(in)
	if err == io.EOF {
		return false, nil
	}
	if err != nil || !ok {
		return false, err
	}
	return true, s.uploadV2(ctx, g, repo, q, out)
}

// tellClient writes an error that is the client's as git shows it, and returns any other.
func tellClient(err error, w *pktline.Writer) error {
	var sent *sentError
	if errors.As(err, &sent) {
		return nil
	}
	if errors.Is(err, pktline.ErrMalformed) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = hub.Wrap(err, hub.InvalidInput, "the request is not made of whole pkt-lines")
	}
	var e *hub.Error
	if !errors.As(err, &e) || e.Code == hub.Internal || e.Code == hub.Unavailable {
		return err
	}
	return w.Textf("ERR %s", e.Message)
}

// sentError is one that the client has been told already.
type sentError struct{ error }

// sendPack writes the objects, in bands of lines of at most max bytes; max 0: without bands.
func (x *session) sendPack(ctx context.Context, d gitrepo.Deepening, common []hub.OID, out io.Writer, max int) error {
	sel, err := x.selectFor(ctx, d, common)
	if err != nil {
		return x.failIn(err, out, max)
	}
	defer sel.Close()
	if max == 0 {
		return sel.WritePack(ctx, out, x.offsets)
	}
	if !x.noProgress {
		progress := pktline.NewSideband(out, pktline.BandProgress, pktline.Narrow)
		fmt.Fprintf(progress, "Sending %d objects\n", sel.Len())
		if err := progress.Flush(); err != nil {
			return err
		}
	}
	band := pktline.NewBulkSideband(out, pktline.BandData, max)
	if err := sel.WritePack(ctx, band, x.offsets); err != nil {
		return x.failIn(err, out, max)
	}
	if err := band.Flush(); err != nil {
		return err
	}
	return pktline.NewWriter(out).Mark(pktline.Flush)
}

// failIn tells the client of an error where only bands are understood. The error itself goes on to the log.
func (x *session) failIn(err error, out io.Writer, max int) error {
	if max == 0 {
		return err
	}
	message := "the hub could not make the pack"
	var e *hub.Error
	known := errors.As(err, &e) && e.Code != hub.Internal
	if known {
		message = e.Message
	}
	band := pktline.NewSideband(out, pktline.BandError, pktline.Narrow)
	fmt.Fprintln(band, message)
	if ferr := band.Flush(); ferr != nil || !known {
		return firstError(err, ferr)
	}
	return &sentError{err}
}
