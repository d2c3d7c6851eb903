package httpd

import (
	"io"
	"net"
	"os"
	"sync/atomic"
)

// spyListener counts the bytes that its connections are asked to send straight from a file.
type spyListener struct {
	net.Listener
	fromFile atomic.Int64
}

func (l *spyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &spyConn{TCPConn: c.(*net.TCPConn), count: &l.fromFile}, nil
}

type spyConn struct {
	*net.TCPConn
	count *atomic.Int64
}

func (c *spyConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	if l, ok := r.(*io.LimitedReader); ok {
		r = l.R
	}
	if _, ok := r.(*os.File); ok {
		c.count.Add(n)
	}
	return n, err
}
