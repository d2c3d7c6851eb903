package githttp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/service/git"
)

// fetched asks a server for a pack in version 2 and returns it.
func fetched(t *testing.T, url string, want, have string, options ...string) []byte {
	t.Helper()
	var body bytes.Buffer
	w := pktline.NewWriter(&body)
	w.Textf("command=fetch\n")
	w.Mark(pktline.Delim)
	for _, line := range append(options, "no-progress", "want "+want, "have "+have, "done") {
		w.Textf("%s\n", line)
	}
	w.Mark(pktline.Flush)
	req, err := http.NewRequest("POST", url+"/git-upload-pack", &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
	req.Header.Set("Git-Protocol", "version=2")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v %s", res.StatusCode, err, answer)
	}
	var pack bytes.Buffer
	in := pktline.NewReader(bytes.NewReader(answer))
	for section := ""; ; {
		kind, line, err := in.Next()
		if err == io.EOF || kind == pktline.Flush {
			return pack.Bytes()
		}
		switch {
		case err != nil:
			t.Fatal(err)
		case kind != pktline.Data:
		case section == "":
			section = strings.TrimSpace(string(line))
		case line[0] == 1:
			pack.Write(line[1:])
		case line[0] == 3:
			t.Fatalf("%s", line[1:])
		}
	}
}

// takes lets git complete a pack with what a clone has, and look at what came.
func (d dir) takes(t *testing.T, what string, pack []byte, tip string, thin bool) {
	t.Helper()
	args := []string{"index-pack", "--strict", "--stdin"}
	if thin {
		args = append(args, "--fix-thin")
	}
	d.feed(t, string(pack), args...)
	d.git(t, "update-ref", "refs/heads/got", tip)
	if out, err := d.try("fsck", "--strict", "--no-dangling", "--no-progress"); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, out)
	}
}

// TestThinPacks compares what a client gets that asks for a thin pack with what git's own server sends for the same
// request: it completes with what the client has, and is about as small.
func TestThinPacks(t *testing.T) {
	h := start(t, git.Config{})
	_, url := repo(t, h, "m")
	d := clone(t, url)
	lines := func(seed int) string {
		var b strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&b, "%d: %x\n", i, (i+seed)*2654435761%1_000_003*(i+7))
		}
		return b.String()
	}
	text := lines(1)
	for i := range 200 {
		d.write(t, fmt.Sprintf("many/file-%d.txt", i), fmt.Sprintf("file %d\n", i))
	}
	d.write(t, "small", "s\n")
	have := d.commit(t, "dir/large.txt", text)
	d.git(t, "push", "-q", "origin", "main")
	changes := []func() string{
		func() string {
			return d.commit(t, "dir/large.txt", strings.Replace(text, "1500: ", "1500: changed ", 1))
		},
		func() string { return d.commit(t, "many/file-7.txt", "another text of the file\n") },
		func() string {
			d.commit(t, "dir/large.txt", strings.Replace(text, "100: ", "100: changed ", 1))
			return d.commit(t, "dir/large.txt", strings.Replace(text, "2900: ", "2900: changed too ", 1))
		},
		func() string {
			d.git(t, "mv", "dir/large.txt", "dir/moved.txt")
			return d.commit(t, "small", "other\n")
		},
	}
	bare := filepath.Join(t.TempDir(), "bare.git")
	ref := backend(t, filepath.Dir(bare)) + "/bare.git"
	for i, change := range changes {
		client := dir(t.TempDir())
		client.git(t, "clone", "-q", "--bare", url, ".")
		tip := change()
		d.git(t, "push", "-q", "origin", "main")
		if err := os.RemoveAll(bare); err != nil {
			t.Fatal(err)
		}
		d.git(t, "clone", "-q", "--bare", ".", bare)
		thin, whole := fetched(t, url, tip, have, "thin-pack", "ofs-delta"), fetched(t, url, tip, have, "ofs-delta")
		theirs := fetched(t, ref, tip, have, "thin-pack", "ofs-delta")
		count := func(pack []byte) uint32 { return binary.BigEndian.Uint32(pack[8:]) }
		t.Logf("change %d: %d objects, thin %d bytes, not thin %d, git's thin %d", i, count(thin), len(thin), len(whole), len(theirs))
		// What was moved is sent once more.
		if n := count(theirs); count(thin) < n || count(thin) > n+1 || count(whole) != count(thin) {
			t.Errorf("change %d: %d and %d objects, git sends %d", i, count(thin), count(whole), count(theirs))
		}
		if i < 3 && len(thin) > len(theirs)+100 {
			t.Errorf("change %d: %d bytes, git sends %d", i, len(thin), len(theirs))
		}
		other := dir(t.TempDir())
		other.git(t, "clone", "-q", "--bare", string(client), ".")
		client.takes(t, "thin", thin, tip, true)
		other.takes(t, "whole", whole, tip, false)
		fresh := dir(t.TempDir())
		fresh.git(t, "init", "-q", "--bare", ".")
		cmd := fresh.cmd("index-pack", "--stdin")
		cmd.Stdin = bytes.NewReader(whole)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("change %d: a pack that was not to be thin does not stand for itself: %v %s", i, err, out)
		}
		have = tip
	}
}
