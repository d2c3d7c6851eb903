package compat

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// sample is what xetlib.py makes a file of: name, bytes, seed, and how.
type sample [4]any

// bigXet is the size in bytes of what counts as a large file here. `make check` takes 2 GiB.
func bigXet() int {
	if full() {
		return 2 << 30
	}
	return 96 << 20
}

func full() bool { return os.Getenv("AMBIT_FULL") != "" }

// A real model goes in and out with the client's defaults, and by the ways that know no Xet.
func TestXetModel(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	python(t, h, "model_upload", vars{"repo": "acme/minilm-xet", "token": h.plain(t, "bob", "write")})
	commit := revision(t, h, "acme/minilm-xet")
	for _, env := range []string{"HF_HUB_DISABLE_XET=0", "HF_HUB_DISABLE_XET=1"} {
		python(t, h, "model_download", vars{"repo": "acme/minilm-xet", "token": h.plain(t, "carol", "read"), "commit": commit}, env)
	}
}

func revision(t *testing.T, h *hub, repo string) string {
	t.Helper()
	var info struct{ Sha string }
	a := h.as(h.plain(t, "bob", "write")).get(t, "/api/models/"+repo)
	if err := json.Unmarshal(a.body, &info); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return info.Sha
}

// The client without Xet: everything goes by LFS, and comes out for clients with Xet all the same.
func TestXetDisabled(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	files := []sample{{"a.bin", 3_000_000, 1, "random"}, {"empty.bin", 0, 0, "random"}}
	v := vars{"repo": "acme/no-xet", "token": h.plain(t, "bob", "write"), "files": files, "xet": false}
	python(t, h, "xet_upload", v, "HF_HUB_DISABLE_XET=1")
	for _, env := range []string{"HF_HUB_DISABLE_XET=0", "HF_HUB_DISABLE_XET=1"} {
		python(t, h, "xet_download", v, env)
	}
}

// Sizes that are special, and many files at once.
func TestXetSizes(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	files := []sample{{"big.bin", 5_000_000, 1, "random"}, {"empty.bin", 0, 0, "random"}, {"one.bin", 1, 0, "random"}, {"text.bin", 300_000, 3, "text"},
		{"same.bin", 5_000_000, 1, "random"}, {"chunk.bin", 65_536, 4, "random"}, {"sub/dir/x.bin", 131_073, 5, "random"}}
	for i := range 500 {
		files = append(files, sample{fmt.Sprintf("many/%03d.bin", i), 20_000 + 37*i, 100 + i, "random"})
	}
	v := vars{"repo": "acme/xet-sizes", "token": h.plain(t, "bob", "write"), "files": files, "xet": true}
	python(t, h, "xet_upload", v)
	v["token"] = h.plain(t, "carol", "read")
	python(t, h, "xet_download", v)
}

// Commits copy files of other repositories, whoever owns those, as far as the caller may read them.
func TestXetCopies(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	python(t, h, "xet_copy", vars{"org": "acme", "user": "bob", "token": h.plain(t, "bob", "write"), "other": "dan", "stranger": h.plain(t, "dan", "write")})
}

// A large file, then the same with 5 % changed, from a machine that knows nothing of the first: the second upload sends little
// more than the change.
func TestXetChange(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	size := bigXet()
	w := through(t, h)
	v := vars{"repo": "acme/xet-change", "token": h.plain(t, "bob", "write"), "files": []sample{{"model.bin", size, 7, "random"}}, "xet": true}
	python(t, &w.hub, "xet_upload", v)
	first := w.up.Swap(0)
	if first < int64(size) {
		t.Errorf("%d bytes were sent of a new file of %d", first, size)
	}
	v["files"] = []sample{{"model.bin", size, 7, "changed"}}
	python(t, &w.hub, "xet_upload", v)
	second := w.up.Swap(0)
	change := size / 20
	t.Logf("wire: %d bytes first, %d bytes for a change of %d (%.2f times the change)", first, second, change, float64(second)/float64(change))
	// It asks for one chunk in a thousand, and learns of the whole file when it hits.
	if second > int64(change)*5/4+(1<<20) {
		t.Errorf("%d bytes were sent for a change of %d", second, change)
	}
	python(t, h, "xet_download", v)
}

// The JavaScript client does what the Python client does: special sizes, many files at once, a large file and its change.
func TestXetSizesInJavaScript(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	size := bigXet() / 4
	if full() {
		size = bigXet() - 1<<20 // the client hashes a file in one step, and Node takes less than 2 GiB in one
	}
	files := [][]any{{"empty.bin", 0, 1, false}, {"one.bin", 1, 2, false}, {"sub/dir/x.bin", 131_073, 5, false}}
	for i := range 500 {
		files = append(files, []any{fmt.Sprintf("many/%03d.bin", i), 20_000 + 37*i, 100 + i, false})
	}
	v := vars{"repo": "acme/xet-js-sizes", "token": h.plain(t, "bob", "write"), "how": "upload", "files": files}
	node(t, h, "xet_sizes", v)
	v["how"], v["token"] = "download", h.plain(t, "carol", "read")
	node(t, h, "xet_sizes", v)

	w := through(t, h)
	big := []any{"model.bin", size, 7, false}
	v = vars{"repo": "acme/xet-js-change", "token": h.plain(t, "bob", "write"), "how": "upload", "files": [][]any{big}}
	node(t, &w.hub, "xet_sizes", v)
	first := w.up.Swap(0)
	big[3] = true
	node(t, &w.hub, "xet_sizes", v)
	second := w.up.Swap(0)
	change := size / 20
	t.Logf("wire: %d bytes first, %d bytes for a change of %d (%.2f times the change)", first, second, change, float64(second)/float64(change))
	if first < int64(size) || second > int64(change)*5/4+(1<<20) {
		t.Errorf("%d bytes were sent of a new file of %d, %d for a change of %d", first, size, second, change)
	}
	v["how"] = "download"
	node(t, h, "xet_sizes", v)
}

// One client's uploads are the other's downloads, and everybody's by plain HTTP and LFS.
func TestXetAcrossClients(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	js := vars{"repo": "acme/xet-js", "token": h.plain(t, "bob", "write"), "how": "upload", "files": []any{
		[]any{"a.bin", 3_000_000, 1}, []any{"b.bin", 100_000, 2}, []any{"c.bin", 3_000_000, 1}}}
	var contents [][2]string
	if err := json.Unmarshal([]byte(node(t, h, "xet", js)), &contents); err != nil {
		t.Fatal(err)
	}
	js["how"], js["contents"] = "download", contents
	node(t, h, "xet", js)
	python(t, h, "xet_compare", vars{"repo": "acme/xet-js", "token": h.plain(t, "carol", "read"), "contents": contents})

	files := []sample{{"p.bin", 2_500_000, 3, "random"}, {"q.bin", 400_000, 4, "text"}}
	python(t, h, "xet_upload", vars{"repo": "acme/xet-py", "token": h.plain(t, "bob", "write"), "files": files})
	contents = nil
	reader := h.as(h.plain(t, "carol", "read"))
	for _, f := range files {
		name := f[0].(string)
		whole := reader.get(t, "/acme/xet-py/resolve/main/"+name)
		if whole.status != 200 || len(whole.body) != f[1].(int) {
			t.Fatalf("%s: status %d, %d bytes", name, whole.status, len(whole.body))
		}
		contents = append(contents, [2]string{name, base64.StdEncoding.EncodeToString(whole.body)})
		part := reader.send(t, http.MethodGet, "/acme/xet-py/resolve/main/"+name, "", http.Header{"Range": {"bytes=100000-299999"}})
		if part.status != 206 || !bytes.Equal(part.body, whole.body[100_000:300_000]) {
			t.Errorf("%s: a range differs (status %d)", name, part.status)
		}
		if !bytes.Equal(lfsDownload(t, reader, "acme/xet-py", whole.body), whole.body) {
			t.Errorf("%s: the bytes by LFS differ", name)
		}
	}
	node(t, h, "xet", vars{"repo": "acme/xet-py", "token": h.plain(t, "carol", "read"), "how": "download", "contents": contents})
}

// The JavaScript client changes ranges of a large file: the hub tells what to cut anew, and the names of the new file that the
// client makes of it and of the old one's tree hold.
func TestXetEdits(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	v := vars{"repo": "acme/xet-edit", "token": h.plain(t, "bob", "write"), "how": "upload", "files": []any{[]any{"a.bin", 9_000_000, 1}}}
	node(t, h, "xet", v)
	v["how"], v["edits"] = "edit", [][][4]int{
		{{4_000_000, 4_000_010, 10, 2}},                                                 // as long as before
		{{100, 100, 300_000, 3}, {6_000_000, 6_100_000, 0, 4}},                          // something in, something out
		{{9_200_000, 9_200_000, 500_000, 5}},                                            // at the end
		{{0, 1, 1, 6}, {3_000_000, 3_000_001, 70_000, 7}, {8_000_000, 9_000_000, 5, 8}}, // many
	}
	var contents [][2]string
	if err := json.Unmarshal([]byte(node(t, h, "xet", v)), &contents); err != nil {
		t.Fatal(err)
	}
	python(t, h, "xet_compare", vars{"repo": "acme/xet-edit", "token": h.plain(t, "carol", "read"), "contents": contents})
}

// lfsDownload fetches an object by what the LFS batch says.
func lfsDownload(t *testing.T, c *client, repo string, content []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(content)
	q := fmt.Sprintf(`{"operation":"download","objects":[{"oid":%q,"size":%d}]}`, hex.EncodeToString(sum[:]), len(content))
	a := c.send(t, http.MethodPost, "/"+repo+".git/info/lfs/objects/batch", q, http.Header{"Content-Type": {"application/vnd.git-lfs+json"}})
	var batch struct {
		Objects []struct {
			Actions struct{ Download struct{ Href string } }
		}
	}
	if err := json.Unmarshal(a.body, &batch); err != nil || len(batch.Objects) != 1 {
		t.Fatalf("%v: %s", err, a.body)
	}
	return (&client{h: c.h}).get(t, batch.Objects[0].Actions.Download.Href[len(c.h.url):]).body
}

// Clients of other years, whose ways with large files differ: they upload and download, and so does the newest with theirs.
func TestXetOldClients(t *testing.T) {
	for _, year := range []string{"0.30", "0.36"} {
		t.Run(year, func(t *testing.T) {
			t.Parallel()
			h := theHub(t)
			files := []sample{{"a.bin", 4_000_000, 1, "random"}, {"b.bin", 200_000, 2, "text"}, {"empty.bin", 0, 0, "random"}, {"one.bin", 1, 3, "random"}}
			v := vars{"repo": "acme/xet-old-" + year, "token": h.plain(t, "bob", "write"), "files": files, "xet": false}
			for _, env := range []string{"HF_HUB_DISABLE_XET=0", "HF_HUB_DISABLE_XET=1"} {
				pythonOf(t, h, "venv-"+year, "xet_upload", v, env)
				pythonOf(t, h, "venv-"+year, "xet_download", v, env)
				files = append(files, sample{"c.bin", 900_000, 9, "random"}) // for the second round
				v["files"] = files
			}
			v["files"] = files[:len(files)-1]
			python(t, h, "xet_download", v)
			python(t, h, "xet_upload", vars{"repo": "acme/xet-new-" + year, "token": h.plain(t, "bob", "write"), "files": files, "xet": true})
			v["repo"], v["files"] = "acme/xet-new-"+year, files
			pythonOf(t, h, "venv-"+year, "xet_download", v)
		})
	}
}

// The operator's export holds large files whole, however they lie.
func TestXetExport(t *testing.T) {
	t.Parallel()
	h := theHub(t)
	python(t, h, "xet_upload", vars{"repo": "acme/xet-export", "token": h.plain(t, "bob", "write"), "files": []sample{{"a.bin", 2_000_000, 5, "random"}}})
	want := h.as(h.plain(t, "bob", "read")).get(t, "/acme/xet-export/resolve/main/a.bin").body
	dir := filepath.Join(t.TempDir(), "export.git")
	if _, err := h.ambit("", "repo", "export", "acme/xet-export", dir, "--lfs"); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(want)
	name := hex.EncodeToString(sum[:])
	got, err := os.ReadFile(filepath.Join(dir, "lfs", "objects", name[:2], name[2:4], name))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the exported file differs: %v", err)
	}
}
