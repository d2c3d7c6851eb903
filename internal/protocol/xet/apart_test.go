package xet

import (
	"errors"
	"strings"
	"testing"
)

// What goes wrong beside a request's own goroutine reaches the request, whose panics the server catches.
func TestApart(t *testing.T) {
	wrong := errors.New("wrong")
	if err := (<-apart(func() error { return wrong }))(); err != wrong {
		t.Errorf("%v", err)
	}
	outcome := <-apart(func() error { panic("broken") })
	defer func() {
		if p, ok := recover().(string); !ok || !strings.Contains(p, "broken") || !strings.Contains(p, "apart_test.go") {
			t.Errorf("the panic that arrives says %v", p)
		}
	}()
	t.Errorf("no panic, but %v", outcome())
}
