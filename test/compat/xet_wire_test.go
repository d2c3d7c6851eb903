package compat

import (
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
)

// wire stands between clients and the hub and counts bytes. Addresses that the hub hands out lead through it too, as the hub
// makes them of the host that a request names.
type wire struct {
	hub
	up, down atomic.Int64 // bytes to the hub, and from it
}

// through returns a wire to the hub; it ends with the test.
func through(t *testing.T, h *hub) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	to, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{hub: hub{data: h.data, url: "http://" + l.Addr().String(), logs: h.logs, tokens: h.tokens}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.pass(c, to.Host)
		}
	}()
	return w
}

func (w *wire) pass(c net.Conn, to string) {
	defer c.Close()
	s, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer s.Close()
	done := make(chan struct{}, 2)
	copyAll := func(dst io.Writer, src io.Reader, n *atomic.Int64) {
		io.Copy(io.MultiWriter(dst, counter{n}), src)
		done <- struct{}{}
	}
	go copyAll(s, c, &w.up)
	go copyAll(c, s, &w.down)
	<-done
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) { c.n.Add(int64(len(p))); return len(p), nil }
