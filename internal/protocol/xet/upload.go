package xet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xorb"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// putXorb takes a xorb in.
func (a *API) putXorb(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	switch {
	case r.ContentLength < 0:
		return hub.Errorf(hub.InvalidInput, "The upload needs a Content-Length.")
	case r.ContentLength > xorb.MaxUpload:
		return hub.Errorf(hub.InvalidInput, "A xorb has at most %d bytes.", xorb.MaxUpload)
	}
	inserted, err := a.xet.PutXorb(r.Context(), g, c.hash, r.Body)
	if err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		WasInserted bool `json:"was_inserted"`
	}{inserted})
	return nil
}

// headXorb tells the size of a xorb to those who may write where it lies.
func (a *API) headXorb(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	if !c.writes {
		return hub.Errorf(hub.NotFound, "There is no such xorb.")
	}
	n, err := a.xet.HasXorb(r.Context(), g, c.hash)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// chunk answers a deduplication query. To tokens for reading everything is unknown: anybody can get one for one public
// repository of an owner, and the answer speaks of all of them.
func (a *API) chunk(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	if !c.writes {
		return hub.Errorf(hub.NotFound, "No such chunk.")
	}
	b, err := a.xet.Dedupe(r.Context(), g, c.hash)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return err
}

const maxShard = 80 << 20 // bytes

func (a *API) readShard(r *httpd.Request, g access.Grant) (*xet.Upload, error) {
	if r.ContentLength > maxShard {
		return nil, hub.Errorf(hub.InvalidInput, "A shard has at most %d bytes.", maxShard)
	}
	return a.xet.ReadShard(r.Context(), g, r.Body)
}

// putShardV1 registers a shard and answers when that is done.
func (a *API) putShardV1(w http.ResponseWriter, r *httpd.Request, _ call, g access.Grant) error {
	u, err := a.readShard(r, g)
	if err != nil {
		return err
	}
	if err := u.Register(r.Context(), r.Event("xet.register"), nil); err != nil {
		return err
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		Result int `json:"result"`
	}{1})
	return nil
}

// line is one line of the answer to a shard. Source: xet-core cas_client, ShardUploadEvent.
type line struct {
	Type      string `json:"type"`
	Verified  *int   `json:"verified,omitempty"`
	Total     *int   `json:"total,omitempty"`
	Stage     string `json:"stage,omitempty"`
	Message   string `json:"message,omitempty"`
	Retryable *bool  `json:"retryable,omitempty"`
}

// repeatEvery is how often the last line is sent again while nothing happens: clients wait 300 s for the next one.
const repeatEvery = 10 * time.Second

// putShardV2 registers a shard and tells how it goes, a line at a time.
func (a *API) putShardV2(w http.ResponseWriter, r *httpd.Request, _ call, g access.Grant) error {
	u, err := a.readShard(r, g)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/x-ndjson")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	say := func(l line) error {
		b, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	}
	steps := make(chan line)
	done := apart(func() error {
		return u.Register(r.Context(), r.Event("xet.register"), func(p xet.Progress) error {
			l := line{Type: "validating", Verified: &p.Verified, Total: &p.Total}
			if p.Committing {
				l = line{Type: "committing", Stage: "syncing"}
			}
			select {
			case steps <- l:
				return nil
			case <-r.Context().Done():
				return r.Context().Err()
			}
		})
	})
	last := line{Type: "committing", Stage: "uploading"}
	tick := time.NewTicker(repeatEvery)
	defer tick.Stop()
	for {
		select {
		case last = <-steps:
		case <-tick.C:
		case outcome := <-done:
			err := outcome()
			r.Refused(err) // the right may have been lost meanwhile
			return finish(say, err)
		}
		if err := say(last); err != nil {
			go func() { // until Register notices that the client is gone
				for {
					select {
					case <-steps:
					case <-done:
						return
					}
				}
			}()
			return err
		}
	}
}

// apart runs f in a goroutine of its own and sends what to call for its outcome: its error, or its panic, which belongs to
// the request and must not end the hub.
func apart(f func() error) <-chan func() error {
	done := make(chan func() error, 1)
	go func() {
		var err error
		defer func() {
			outcome := func() error { return err }
			if p := recover(); p != nil {
				text := fmt.Sprintf("%v\n%s", p, debug.Stack())
				outcome = func() error { panic(text) }
			}
			done <- outcome
		}()
		err = f()
	}()
	return done
}

// finish ends the stream. An error of ours is reported like any other after it has been told.
func finish(say func(line) error, err error) error {
	if err == nil {
		return say(line{Type: "result"})
	}
	var e *hub.Error
	retryable := !errors.As(err, &e) || e.Code == hub.Internal || e.Code == hub.Unavailable
	message := "Something went wrong on the hub's side."
	if e != nil && e.Code != hub.Internal {
		message = e.Message
	}
	if serr := say(line{Type: "error", Message: message, Retryable: &retryable}); serr != nil || !retryable {
		return serr
	}
	return err // for the log; the stream has its end, and cutting the connection does no harm
}
