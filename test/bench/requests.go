package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// wrk drives one URL from a second process and returns requests per second.
func wrk(url, token string, extra ...string) (float64, error) {
	return wrkOn(nil, url, token, extra...)
}

// wrkOn is wrk on a set of processors; nil is any.
func wrkOn(set *unix.CPUSet, url, token string, extra ...string) (float64, error) {
	args := []string{"-t1", "-c16", "-d2s"}
	if token != "" {
		args = append(args, "-H", "Authorization: Bearer "+token)
	}
	var said bytes.Buffer
	cmd := exec.Command("wrk", append(append(args, extra...), url)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	err := startOn(set, cmd)
	if err == nil {
		err = cmd.Wait()
	}
	out := said.String()
	if err != nil {
		return 0, fmt.Errorf("wrk: %v: %s", err, out)
	}
	if strings.Contains(out, "Non-2xx") {
		return 0, fmt.Errorf("wrk: %s", out)
	}
	for _, l := range strings.Split(out, "\n") {
		if v, ok := strings.CutPrefix(l, "Requests/sec:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(v), 64)
		}
	}
	return 0, fmt.Errorf("wrk: no rate in %s", out)
}

// benchRequests compares the same handler with and without a credential, and the metadata of a small file
// with nginx serving it.
func benchRequests(h *hub, r *report, rounds int) error {
	if err := h.createRepo("requests", false); err != nil {
		return err
	}
	root := filepath.Join(h.dir, "www")
	os.MkdirAll(root, 0o755)
	attrs, err := h.do("GET", "/alice/requests/resolve/main/.gitattributes", nil)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "f"), attrs, 0o644); err != nil {
		return err
	}
	n, err := startNginx(h.dir, root)
	if err != nil {
		return err
	}
	defer n.stop()
	var open, authed, static []float64
	for range 3 * rounds { // single seconds differ by more than what is looked for
		url := h.url + "/alice/requests/resolve/main/.gitattributes"
		for _, m := range []struct {
			into  *[]float64
			url   string
			token string
		}{{&open, url, ""}, {&authed, url, h.token}, {&static, n.url + "/f", ""}} {
			v, err := wrk(m.url, m.token, "-d1s")
			if err != nil {
				return err
			}
			*m.into = append(*m.into, v)
		}
	}
	a, o, s := median(authed), median(open), median(static)
	r.atLeast("5, requests/s with a token", fmt.Sprintf("%.0f", a), fmt.Sprintf("%.0f same handler, anonymous", o), a/o, 0.95)
	r.atLeast("requests/s of a small file", fmt.Sprintf("%.0f", o), fmt.Sprintf("%.0f nginx", s), o/s, 0.5)
	var lat []time.Duration
	for range 500 {
		d, err := timed(func() error { _, err := h.do("HEAD", "/alice/requests/resolve/main/.gitattributes", nil); return err })
		if err != nil {
			return err
		}
		lat = append(lat, d)
	}
	p50 := percentile(lat, 0.5)
	r.figure("resolve HEAD p50", p50.String(), "≤ 500µs", p50 <= 500*time.Microsecond)
	return nil
}
