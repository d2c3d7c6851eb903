package httpd

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Uploads bound the request bodies that one user, or one service account, may have under way at a time, whatever its tokens.
// 0 is any number.
type Uploads struct {
	Count int
	Bytes int64 // as their Content-Length says; a single one may be larger
}

// Upload makes a route one whose body is a stream that the handler bounds itself, like Streaming, and that counts for the
// bounds of Uploads while it runs.
func Upload() Option { return func(r *route) { r.maxBody, r.uploads = -1, true } }

// underWay counts uploads by caller. It is safe for concurrent use.
type underWay struct {
	Uploads
	mu sync.Mutex // guards by
	by map[hub.ID]Uploads
}

// retryUpload is how long clients are told to wait, in seconds.
const retryUpload = "5"

// hold counts an upload until leave is called, or returns TooManyRequests.
func (u *underWay) hold(w http.ResponseWriter, r *Request) (leave func(), err error) {
	if !r.route.uploads || r.Subject == nil || r.Subject.Kind() == access.KindAnonymous {
		return func() {}, nil
	}
	who, size := r.Subject.ActorID(), max(r.ContentLength, 0)
	u.mu.Lock()
	defer u.mu.Unlock()
	has, sentence := u.by[who], ""
	switch {
	case u.Count > 0 && has.Count >= u.Count:
		sentence = fmt.Sprintf("You have %d uploads under way, as many as one user may have at a time. Try again when one of them has ended.", has.Count)
	case u.Bytes > 0 && has.Count > 0 && has.Bytes+size > u.Bytes:
		sentence = fmt.Sprintf("Your uploads under way are %d bytes long, and with this one they would be more than %d, which is all that one user may send at a time. Try again when one of them has ended.", has.Bytes, u.Bytes)
	}
	if sentence != "" {
		w.Header().Set("Retry-After", retryUpload)
		return nil, &hub.Error{Code: hub.TooManyRequests, Reason: "uploads.exceeded", Message: sentence}
	}
	u.by[who] = Uploads{has.Count + 1, has.Bytes + size}
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if has := u.by[who]; has.Count > 1 {
			u.by[who] = Uploads{has.Count - 1, has.Bytes - size}
		} else {
			delete(u.by, who)
		}
	}, nil
}
