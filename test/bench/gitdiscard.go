package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ask is a request of git's protocol, version 2, to a repository of a server.
type ask struct {
	url  string // of the repository
	auth string // value of the Authorization header, if any
	body string
}

func pkt(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }

// lsRefs asks as git does before it clones.
func lsRefs(url string) ask {
	return ask{url: url, body: pkt("command=ls-refs\n") + "0001" + pkt("peel\n") + pkt("symrefs\n") + pkt("ref-prefix refs/heads/\n") + "0000"}
}

// fetchOf asks for all that commits lead to.
func fetchOf(url string, extra []string, wants ...string) ask {
	body := pkt("command=fetch") + "0001" + pkt("ofs-delta\n") + pkt("no-progress\n")
	for _, e := range extra {
		body += pkt(e + "\n")
	}
	for _, w := range wants {
		body += pkt("want " + w + "\n")
	}
	return ask{url: url, body: body + pkt("done\n") + "0000"}
}

func (a ask) head() (host, text string, err error) {
	u, err := url.Parse(a.url)
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s/git-upload-pack HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-git-upload-pack-request\r\nGit-Protocol: version=2\r\nConnection: close\r\nContent-Length: %d\r\n", u.Path, u.Host, len(a.body))
	if a.auth != "" {
		fmt.Fprintf(&b, "Authorization: %s\r\n", a.auth)
	}
	b.WriteString("\r\n")
	b.WriteString(a.body)
	return u.Host, b.String(), nil
}

// discard sends a request and has the kernel throw the answer away: what clients do with it is not measured, and must not
// take the processor from the servers. It returns how many bytes came.
func (a ask) discard() (int64, error) {
	host, text, err := a.head()
	if err != nil {
		return 0, err
	}
	c, err := net.Dial("tcp", host)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return 0, err
	}
	first := make([]byte, 32)
	if _, err := io.ReadFull(c, first); err != nil {
		return 0, err
	}
	if !strings.HasPrefix(string(first), "HTTP/1.1 200") {
		return 0, fmt.Errorf("%s answered %q", a.url, first)
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	total, room := int64(len(first)), make([]byte, 1<<20) // nothing is written to it
	for {
		var n int
		var rerr error
		if err := raw.Read(func(fd uintptr) bool {
			n, _, rerr = syscall.Recvfrom(int(fd), room, syscall.MSG_TRUNC)
			return rerr != syscall.EAGAIN
		}); err != nil {
			return total, err
		}
		switch {
		case rerr == syscall.EINTR:
		case rerr != nil:
			return total, rerr
		case n == 0:
			return total, nil
		default:
			total += int64(n)
		}
	}
}

// check reads an answer whole and holds that it ends as one of git's does.
func (a ask) check() error {
	host, text, err := a.head()
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", host)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return err
	}
	b, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	tail := strings.TrimSuffix(string(b[max(0, len(b)-20):]), "\r\n0\r\n\r\n") // of the last chunk, if there are any
	if !strings.HasPrefix(string(b), "HTTP/1.1 200") || !strings.HasSuffix(tail, "0000") {
		return fmt.Errorf("%s answered %.200q … %q", a.url, b, tail)
	}
	return nil
}

// atOnce has so many clients do something again and again, and returns how often each second, with how long it took each
// time. What has begun when the time is up is done to the end.
func atOnce(clients int, long time.Duration, do func() error) (rate float64, took []time.Duration, err error) {
	var mu sync.Mutex // guards took and err
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			var own []time.Duration
			var failed error
			for failed == nil && time.Since(start) < long {
				var d time.Duration
				d, failed = timed(do)
				own = append(own, d)
			}
			mu.Lock()
			defer mu.Unlock()
			took, err = append(took, own...), errors.Join(err, failed)
		})
	}
	wg.Wait()
	return float64(len(took)) / time.Since(start).Seconds(), took, err
}
