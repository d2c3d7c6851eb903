package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// attack is how many requests with bad tokens come in a second.
const attack = 50_000

// benchHostile measures what good clients wait for while bad tokens come by the ten thousand: made-up ones, ones with a
// digit wrong, ones of another hub, from many addresses. The requests go through the whole handler in this process, since
// two processors cannot make, carry and refuse as many at once. The anchor is the same clients undisturbed.
func benchHostile(h *hub, r *report, rounds int) error {
	cfg := config.Default()
	cfg.Data = filepath.Join(h.dir, "hostile")
	cfg.Limits.Token, cfg.Limits.User = config.Quotas{}, config.Quotas{} // the good client asks more than a client may
	ctx := context.Background()
	d, err := daemon.OpenOffline(ctx, &cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer d.Close()
	defer daemon.HoldHeapFloor()() // as a hub that serves
	token, err := hostileWorld(d)
	if err != nil {
		return err
	}
	var quiet, under []time.Duration
	var rates []float64
	for range rounds {
		p99, err := goodClient(d, token)
		if err != nil {
			return err
		}
		quiet = append(quiet, p99)
		var stop atomic.Bool
		done := make(chan float64, 1)
		go func() { done <- badClients(d, token, &stop) }()
		p99, err = goodClient(d, token)
		stop.Store(true)
		rates = append(rates, <-done)
		if err != nil {
			return err
		}
		under = append(under, p99)
	}
	q, u := median(quiet), median(under)
	r.atMost(fmt.Sprintf("16, good clients' p99 under %.0f bad tokens/s", median(rates)), u.String(), q.String()+" (undisturbed)", float64(u)/float64(q), 1.5)
	return nil
}

// hostileWorld makes a user and a token.
func hostileWorld(d *daemon.Daemon) (string, error) {
	for _, c := range []struct {
		call operatorapi.Call
		arg  string
	}{
		{operatorapi.UserCreate, `{"name":"alice"}`},
		{operatorapi.TokenCreate, `{"user":"alice","name":"bench","kind":"write"}`},
	} {
		w := httptest.NewRecorder()
		d.OperatorHandler().ServeHTTP(w, httptest.NewRequest("POST", "/"+string(c.call), strings.NewReader(c.arg)))
		if w.Code != http.StatusOK {
			return "", fmt.Errorf("%s: %s", c.call, w.Body)
		}
		if i := strings.Index(w.Body.String(), "hf_"); i >= 0 {
			value, _, _ := strings.Cut(w.Body.String()[i:], `"`)
			return value, nil
		}
	}
	return "", fmt.Errorf("no token was made")
}

func hostileRequest(value string, i int) *http.Request {
	q, err := http.NewRequest("GET", "http://hub.test/api/whoami-v2", http.NoBody)
	if err != nil {
		panic(err) // the address is good
	}
	q.Header.Set("Authorization", "Bearer "+value)
	q.RemoteAddr = hostileAddress(i)
	return q
}

func hostileAddress(i int) string { return fmt.Sprintf("198.51.%d.%d:4711", i>>8&255, i&255) }

// discard takes an answer and keeps its status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(s int)           { d.status = s }

// SetWriteDeadline does nothing, in no time: connections have deadlines too.
func (d *discard) SetWriteDeadline(time.Time) error { return nil }

// goodClient asks who it is, a thousand times a second for two seconds, and returns the 99th percentile of waits.
func goodClient(d *daemon.Daemon, token string) (time.Duration, error) {
	const pause, times = time.Millisecond, 2000
	waits := make([]time.Duration, 0, times)
	for i := range times {
		q, w := hostileRequest(token, 0), &discard{header: http.Header{}}
		took, _ := timed(func() error { d.Handler().ServeHTTP(w, q); return nil })
		if w.status != http.StatusOK {
			return 0, fmt.Errorf("a good token is answered with %d at request %d", w.status, i)
		}
		waits = append(waits, took)
		time.Sleep(pause)
	}
	return percentile(waits, 0.99), nil
}

// badClients send bad tokens at the rate of the attack until told to stop, and return the rate that they reached.
func badClients(d *daemon.Daemon, good string, stop *atomic.Bool) float64 {
	var tokens []string
	for i := range 512 {
		t := []byte(good)
		switch i % 3 {
		case 0:
			t = []byte("hf_" + rand.Text() + rand.Text()[:8])
		case 1:
			t[3+i%34] ^= 1
		case 2:
			t = []byte("Bearer of nothing")
		}
		tokens = append(tokens, string(t))
	}
	requests := make([]*http.Request, 1<<12) // what attackers send is made before: they have processors of their own
	for i := range requests {
		requests[i] = hostileRequest(tokens[i%len(tokens)], i)
	}
	addresses := make([]string, 1<<16)
	for i := range addresses {
		addresses[i] = hostileAddress(i)
	}
	w := &discard{header: http.Header{}}
	start, n := time.Now(), 0
	for !stop.Load() {
		for range attack / 1000 { // what a millisecond brings
			q := requests[n%len(requests)]
			q.RemoteAddr = addresses[n%len(addresses)]
			clear(w.header)
			d.Handler().ServeHTTP(w, q)
			n++
		}
		time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / attack)))
	}
	return float64(n) / time.Since(start).Seconds()
}
