package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// largeFile writes a file of random bytes and returns its name and SHA-256.
func largeFile(dir string, size int64) (string, string, error) {
	name := filepath.Join(dir, "large.bin")
	f, err := os.Create(name)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	sum := sha256.New()
	buf := make([]byte, 1<<20)
	for n := int64(0); n < size; n += int64(len(buf)) {
		rand.Read(buf)
		sum.Write(buf)
		if _, err := f.Write(buf); err != nil {
			return "", "", err
		}
	}
	return name, hex.EncodeToString(sum.Sum(nil)), f.Sync()
}

// batchUpload asks where to PUT a file; "" when the hub has it.
func (h *hub) batchUpload(repo, oid string, size int64) (string, error) {
	var out struct {
		Objects []struct {
			Actions struct{ Upload struct{ Href string } }
			Error   *struct{ Message string }
		}
	}
	body, _ := json.Marshal(map[string]any{"operation": "upload", "transfers": []string{"basic"}, "hash_algo": "sha256",
		"objects": []map[string]any{{"oid": oid, "size": size}}})
	b, err := h.do("POST", "/alice/"+repo+".git/info/lfs/objects/batch", bytes.NewReader(body), "Content-Type", "application/vnd.git-lfs+json", "Accept", "application/vnd.git-lfs+json")
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(b, &out); err != nil || len(out.Objects) != 1 || out.Objects[0].Error != nil {
		return "", fmt.Errorf("batch: %v %s", err, b)
	}
	return out.Objects[0].Actions.Upload.Href, nil
}

func curl(args ...string) error {
	out, err := exec.Command("curl", append([]string{"-sS", "--fail", "-o", "/dev/null"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("curl: %v: %s", err, out)
	}
	return nil
}

// benchUpload compares an upload that is hashed, durable and linked with a server that hashes and discards.
func benchUpload(h *hub, r *report, size int64, rounds int) error {
	if err := h.createRepo("upload", true); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var discardCPU time.Duration
	discard := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		start := selfCPU()
		sum := sha256.New()
		io.CopyBuffer(sum, q.Body, make([]byte, 1<<20))
		discardCPU += selfCPU() - start
		w.Header().Set("X-Sum", hex.EncodeToString(sum.Sum(nil)))
	})}
	go discard.Serve(l)
	defer discard.Close()
	var ours, theirs []time.Duration
	var oursCPU []time.Duration
	for range rounds {
		name, oid, err := largeFile(h.dir, size) // a new file each round: a known one would not be asked for
		if err != nil {
			return err
		}
		d, err := timed(func() error { return curl("-T", name, "http://"+l.Addr().String()+"/") })
		if err != nil {
			return err
		}
		theirs = append(theirs, d)
		href, err := h.batchUpload("upload", oid, size)
		if err != nil {
			return err
		}
		before := cpu(h.cmd.Process.Pid)
		d, err = timed(func() error { return curl("-T", name, href) })
		if err != nil {
			return err
		}
		oursCPU = append(oursCPU, cpu(h.cmd.Process.Pid)-before)
		ours = append(ours, d)
	}
	o, t := median(ours), median(theirs)
	r.atLeast("upload, durable and checked", fmt.Sprintf("%.2f GB/s", gbps(size, o)), fmt.Sprintf("%.2f GB/s hashing and discarding", gbps(size, t)), t.Seconds()/o.Seconds(), 0.9)
	r.figure("CPU of an upload", fmt.Sprintf("%.2f s/GiB (discarding: %.2f)", perGiB(median(oursCPU), size), perGiB(discardCPU/time.Duration(rounds), size)), "reported", true)
	peak := h.peakRSS()
	r.figure("resident memory, most so far, after uploads", fmt.Sprintf("%.0f MB", float64(peak)/1e6), "reported", true)
	return nil
}

func perGiB(d time.Duration, size int64) float64 { return d.Seconds() / (float64(size) / (1 << 30)) }

func selfCPU() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchDownload compares a download by name with nginx serving the same bytes.
func benchDownload(h *hub, r *report, size int64, rounds int) error {
	if err := h.createRepo("download", true); err != nil {
		return err
	}
	name, oid, err := largeFile(h.dir, size)
	if err != nil {
		return err
	}
	href, err := h.batchUpload("download", oid, size)
	if err != nil {
		return err
	}
	if href != "" {
		if err := curl("-T", name, href); err != nil {
			return err
		}
	}
	lines := fmt.Sprintf("{\"key\":\"header\",\"value\":{\"summary\":\"add\"}}\n{\"key\":\"lfsFile\",\"value\":{\"path\":\"large.bin\",\"algo\":\"sha256\",\"oid\":%q,\"size\":%d}}\n", oid, size)
	if _, err := h.do("POST", "/api/models/alice/download/commit/main", bytes.NewReader([]byte(lines)), "Content-Type", "application/x-ndjson"); err != nil {
		return err
	}
	n, err := startNginx(h.dir, h.dir)
	if err != nil {
		return err
	}
	defer n.stop()
	url := h.url + "/alice/download/resolve/main/large.bin"
	auth := "Authorization: Bearer " + h.token
	if err := curl("-H", auth, url); err != nil { // warm both
		return err
	}
	if err := curl(n.url + "/large.bin"); err != nil {
		return err
	}
	var ours, theirs, oursCPU, theirsCPU []time.Duration
	for range rounds {
		before := cpu(h.cmd.Process.Pid)
		d, err := timed(func() error { return curl("-H", auth, url) })
		if err != nil {
			return err
		}
		ours, oursCPU = append(ours, d), append(oursCPU, cpu(h.cmd.Process.Pid)-before)
		before = cpu(n.pid)
		if d, err = timed(func() error { return curl(n.url + "/large.bin") }); err != nil {
			return err
		}
		theirs, theirsCPU = append(theirs, d), append(theirsCPU, cpu(n.pid)-before)
	}
	o, t := median(ours), median(theirs)
	r.atLeast("download", fmt.Sprintf("%.2f GB/s", gbps(size, o)), fmt.Sprintf("%.2f GB/s nginx", gbps(size, t)), t.Seconds()/o.Seconds(), 0.95)
	oc, tc := median(oursCPU), median(theirsCPU)
	r.atMost("CPU of a download", fmt.Sprintf("%.2f s/GiB", perGiB(oc, size)), fmt.Sprintf("%.2f s/GiB nginx", perGiB(tc, size)), oc.Seconds()/max(tc.Seconds(), 0.01), 1.3)
	return benchRanges(h, n, r, url, size, rounds)
}

// benchRanges asks for 64 KiB at random places over 16 connections.
func benchRanges(h *hub, n *nginx, r *report, url string, size int64, rounds int) error {
	script := filepath.Join(h.dir, "ranges.lua")
	lua := fmt.Sprintf(`math.randomseed(7)
request = function()
  local a = math.random(0, %d)
  wrk.headers["Range"] = "bytes=" .. a .. "-" .. (a + 65535)
  return wrk.format("GET")
end`, size-65536)
	if err := os.WriteFile(script, []byte(lua), 0o644); err != nil {
		return err
	}
	var ours, theirs []float64
	for range rounds {
		v, err := wrk(url, h.token, "-s", script)
		if err != nil {
			return err
		}
		ours = append(ours, v)
		if v, err = wrk(n.url+"/large.bin", "", "-s", script); err != nil {
			return err
		}
		theirs = append(theirs, v)
	}
	o, t := median(ours), median(theirs)
	r.atLeast("64 KiB ranges/s", fmt.Sprintf("%.0f", o), fmt.Sprintf("%.0f nginx", t), o/t, 0.75)
	return nil
}
