package githttp

import (
	"compress/gzip"
	"io"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

// requestBody returns the body of a request to a service, inflated; beyond limit bytes, unless that is 0, reading fails
// with TooLarge.
func requestBody(r *httpd.Request, service string, limit int64) (io.Reader, error) {
	if t := r.Header.Get("Content-Type"); t != "application/x-"+service+"-request" {
		return nil, hub.Errorf(hub.InvalidInput, "The content type must be application/x-%s-request.", service)
	}
	var body io.Reader = r.Body
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip", "x-gzip":
		body = &inflated{src: r.Body}
	default:
		return nil, hub.Errorf(hub.InvalidInput, "The content encoding must be gzip or none.")
	}
	if limit > 0 {
		body = &bounded{r: body, left: limit, limit: limit}
	}
	return body, nil
}

// inflated reads gzip. The first byte is read only when it is asked for: a client that waits for "100 Continue" gets it
// then, and not for a request that is refused.
type inflated struct {
	src io.Reader
	z   *gzip.Reader
}

func (i *inflated) Read(b []byte) (int, error) {
	if i.z == nil {
		z, err := gzip.NewReader(i.src)
		if err != nil {
			return 0, hub.Wrap(err, hub.InvalidInput, "the body is not valid gzip")
		}
		i.z = z
	}
	n, err := i.z.Read(b)
	if err != nil && err != io.EOF {
		err = hub.Wrap(err, hub.InvalidInput, "the body is not valid gzip")
	}
	return n, err
}

// bounded fails behind its limit.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (l *bounded) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, hub.Errorf(hub.TooLarge, "the request is larger than %d bytes", l.limit)
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left+1)])
	if l.left -= int64(n); l.left < 0 {
		return 0, hub.Errorf(hub.TooLarge, "the request is larger than %d bytes", l.limit)
	}
	return n, err
}
