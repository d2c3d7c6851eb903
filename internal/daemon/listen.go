package daemon

import (
	"net"
	"net/http"
	"sync"
)

// limitListener lets at most a number of connections be open at once; more wait in the kernel. It hands out
// connections as they are: a wrapper around them would hide ReadFrom, and with it sendfile. So the server's ConnState
// hook says when one has ended.
type limitListener struct {
	net.Listener
	turns  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newLimitListener(l net.Listener, n int) *limitListener {
	return &limitListener{Listener: l, turns: make(chan struct{}, n), closed: make(chan struct{})}
}

// Accept waits for a turn and a connection.
func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.turns <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.turns
	}
	return c, err
}

// Close makes Accept return.
func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// connState is the http.Server's hook.
func (l *limitListener) connState(_ net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		<-l.turns
	}
}
