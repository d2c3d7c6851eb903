package compat

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Commit requests that are no commits change nothing and are told why.
func TestHostileCommits(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/commits", true)
	before := bob.commit(t, "model", "acme/commits", file("kept.txt", "kept"), file("dir/file.txt", "x"))

	whole := ndjson(header("s"), file("new.txt", "content"))
	for name, body := range map[string]string{
		"empty":                    "",
		"blank lines":              "\n\n\n",
		"not JSON":                 "hello\n",
		"an array":                 "[1,2,3]\n",
		"header only":              ndjson(header("s")),
		"no header":                ndjson(file("new.txt", "x")),
		"header last":              ndjson(file("new.txt", "x"), header("s")),
		"two headers":              ndjson(header("s"), header("t"), file("new.txt", "x")),
		"truncated in a line":      whole[:len(whole)-12],
		"truncated in a string":    whole[:len(whole)-30],
		"unknown key":              ndjson(header("s"), line{"copyFile", vars{"path": "a", "src": "kept.txt"}}),
		"no value":                 ndjson(header("s")) + `{"key":"file"}` + "\n",
		"value of a wrong type":    ndjson(header("s")) + `{"key":"file","value":"x"}` + "\n",
		"path of a wrong type":     ndjson(header("s")) + `{"key":"file","value":{"path":7,"content":""}}` + "\n",
		"base64 garbage":           ndjson(header("s"), line{"file", vars{"path": "n", "content": "%%%not-base64%%%", "encoding": "base64"}}),
		"base64 cut short":         ndjson(header("s"), line{"file", vars{"path": "n", "content": "QUJDR", "encoding": "base64"}}),
		"unknown encoding":         ndjson(header("s"), line{"file", vars{"path": "n", "content": "x", "encoding": "rot13"}}),
		"no summary":               ndjson(line{"header", vars{"description": "d"}}, file("n", "x")),
		"parent that is no id":     ndjson(headerOn("s", "../../etc"), file("n", "x")),
		"digest that is none":      ndjson(header("s"), lfsFile("n.bin", "xyz", 1)),
		"digest in capitals":       ndjson(header("s"), lfsFile("n.bin", strings.ToUpper(digest("x")), 1)),
		"other digest algorithm":   ndjson(header("s"), line{"lfsFile", vars{"path": "n.bin", "algo": "md5", "oid": digest("x"), "size": 1}}),
		"negative size":            ndjson(header("s"), lfsFile("n.bin", digest("x"), -1)),
		"same path twice, as file": ndjson(header("s"), file("kept.txt/below", "x"), file("kept.txt", "y")),
		"file where a folder is":   ndjson(header("s"), file("dir", "x"), file("dir/file.txt", "y")),
		"trailing garbage":         whole + "garbage",
		"deep nesting":             ndjson(header("s")) + `{"key":"file","value":` + strings.Repeat("[", 100_000) + "\n",
		"README with bad metadata": ndjson(header("s"), file("README.md", "---\n: [\n---\n")),
	} {
		bob.postCommit(t, "model", "acme/commits", body).
			refused(t, name, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusRequestEntityTooLarge)
	}
	if after := bob.head(t, "model", "acme/commits"); after != before {
		t.Errorf("refused commits moved the branch from %s to %s", before, after)
	}
	bob.postCommit(t, "model", "acme/commits", ndjson(headerOn("s", strings.Repeat("0", 40)), file("n", "x"))).
		refused(t, "a parent that is not the head", http.StatusPreconditionFailed)
}

// Two commits that name the same parent: one wins, one is told 412. Commits that name none: all of them arrive.
func TestRacingCommits(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/racing", true)

	race := func(n int, body func(i int) string) map[int]int {
		statuses := make([]int, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				got, err := bob.try(http.MethodPost, api("model", "acme/racing")+"/commit/main", strings.NewReader(body(i)), ndjsonHeader)
				if err != nil {
					t.Errorf("commit %d: %v", i, err)
					return
				}
				statuses[i] = got.status
			})
		}
		wg.Wait()
		count := map[int]int{}
		for _, s := range statuses {
			count[s]++
		}
		return count
	}

	for round := range 5 {
		parent := bob.head(t, "model", "acme/racing")
		got := race(2, func(i int) string {
			return ndjson(headerOn("same parent", parent), file(fmt.Sprintf("r%d-%d.txt", round, i), "x"))
		})
		if got[http.StatusOK] != 1 || got[http.StatusPreconditionFailed] != 1 {
			t.Fatalf("two commits on one parent: statuses %v, want one 200 and one 412", got)
		}
	}
	const writers = 16
	if got := race(writers, func(i int) string { return ndjson(header("any parent"), file(fmt.Sprintf("free/%d.txt", i), "x")) }); got[http.StatusOK] != writers {
		t.Fatalf("%d commits without a parent: statuses %v", writers, got)
	}
	var tree []struct{ Path string }
	bob.get(t, api("model", "acme/racing")+"/tree/main/free").want(t, "tree", http.StatusOK).decode(t, &tree)
	if len(tree) != writers {
		t.Errorf("%d of %d acknowledged files are in the tree", len(tree), writers)
	}
	commits := bob.get(t, api("model", "acme/racing")+"/commits/main?limit=100")
	if got, want := commits.header.Get("X-Total-Count"), fmt.Sprint(1+5+writers); got != want {
		t.Errorf("%s commits, want %s: each acknowledged commit is in the history once", got, want)
	}
}

// A client that goes away in the middle of a commit leaves nothing behind.
func TestVanishingCommitter(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	bob := h.as(h.plain(t, "bob", "write"))
	bob.createRepo(t, "acme/vanishing", true)
	before := bob.head(t, "model", "acme/vanishing")
	body := ndjson(header("half"), file("a.txt", "a"), file("b.txt", strings.Repeat("b", 100_000)))
	bob.vanish(t, http.MethodPost, api("model", "acme/vanishing")+"/commit/main", "application/x-ndjson", len(body), body[:len(body)/2])
	if after := bob.head(t, "model", "acme/vanishing"); after != before {
		t.Errorf("half a commit moved the branch from %s to %s", before, after)
	}
	bob.commit(t, "model", "acme/vanishing", file("a.txt", "whole"))
}

// vanish sends a request that promises length bytes, sends fewer, and closes the connection.
func (c *client) vanish(t *testing.T, method, path, contentType string, length int, part string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", method, path, conn.RemoteAddr(), contentType, length)
	if c.auth != "" {
		fmt.Fprintf(conn, "Authorization: %s\r\n", c.auth)
	}
	if _, err := io.WriteString(conn, "\r\n"+part); err != nil {
		t.Fatal(err)
	}
}
