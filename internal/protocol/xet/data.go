package xet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

type dataKey struct{}

// ticket takes the ticket of a data URL as the request's credential. Queries are never logged.
func (a *API) ticket(r *httpd.Request) (*access.Subject, error) {
	s, t, err := a.tickets.Redeem(r.Context(), r.URL.Query().Get("ticket"), http.MethodGet)
	if err != nil {
		return nil, err
	}
	r.Request = r.WithContext(context.WithValue(r.Context(), dataKey{}, t))
	return s, nil
}

// dataCall is a parsed request for a range of a xorb.
type dataCall struct {
	need     access.Need
	hash     xethash.Hash
	from, to int64 // bytes asked for, to exclusive: within what the ticket is for
}

// Needs says that the repository of the ticket must be readable still.
func (c dataCall) Needs() []access.Need { return []access.Need{c.need} }

func parseData(r *httpd.Request) (c dataCall, err error) {
	t, _ := r.Context().Value(dataKey{}).(identity.Ticket)
	c.need = t.Need()
	forbidden := &hub.Error{Code: hub.Forbidden, Reason: "ticket.other", Message: "This link is for something else."}
	if c.hash, err = xethash.Parse(r.Param("hash")); err != nil {
		return c, err
	}
	var from, to int64
	name := c.hash.String() + ":"
	if n, _ := fmt.Sscanf(strings.TrimPrefix(t.Bound, name), "%d-%d", &from, &to); n != 2 || !strings.HasPrefix(t.Bound, name) || t.Action != access.RepoContentRead {
		return c, forbidden
	}
	s, err := span(r)
	if err != nil {
		return c, err
	}
	// Without a Range it would be the whole xorb, which a link is never for.
	if s == nil || s.Start < from || s.End > to || to > xorb.MaxBytes {
		return c, forbidden
	}
	c.from, c.to = s.Start, s.End
	return c, nil
}

// dataStep is how many bytes go out between two looks at whether they still may.
const dataStep = 16 << 20

// data serves a range of a stored xorb: bytes from the disk to the socket, untouched.
func (a *API) data(w http.ResponseWriter, r *httpd.Request, c dataCall, g access.Grant) error {
	o, packed, check, err := a.xet.OpenData(r.Context(), g, c.hash)
	if err != nil {
		return err
	}
	defer o.Close()
	if c.to > packed {
		return hub.Errorf(hub.Forbidden, "This link is for something else.")
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, packed))
	h.Set("Content-Length", strconv.FormatInt(c.to-c.from, 10))
	h.Set("Cache-Control", "private, max-age=3600, immutable")
	h.Set("ETag", `"`+c.hash.String()+`"`)
	w.WriteHeader(http.StatusPartialContent)
	if r.Method == http.MethodHead {
		return nil
	}
	var src io.Reader = o
	if f := o.File(); f != nil {
		src = f // the kernel sends a file by itself
		_, err = f.Seek(c.from, io.SeekStart)
	} else {
		_, err = o.Seek(c.from, io.SeekStart)
	}
	for left := c.to - c.from; left > 0 && err == nil; {
		if err = check(); err != nil {
			break
		}
		var n int64
		n, err = io.CopyN(w, src, min(left, dataStep))
		left -= n
	}
	return err
}
