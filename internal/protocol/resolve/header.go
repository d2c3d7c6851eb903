package resolve

import (
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/service/transfer"
)

// binaryTypes are the extensions of files that are not text although they may be small enough for git.
var binaryTypes = func() map[string]bool {
	set := map[string]bool{}
	for _, e := range strings.Fields(`7z aac arrow avi avif bin bmp bz2 class ckpt dll dylib eot exe flac ftz gif gz h5 heic
		ico jar jpeg jpg joblib lz4 mds mkv mlmodel mov mp3 mp4 mpeg msgpack npy npz o oga ogg onnx opus ot otf parquet pb pcm pdf
		pickle pkl png pt pth pyc pyd rar safetensors so tar tflite tgz tif tiff ttf wasm wav webm webp woff woff2 xls xlsx xz
		zip zst`) {
		set["."+e] = true
	}
	return set
}()

// contentType keeps the browser from running what a repository holds: text is plain text, all else is bytes.
func contentType(f *transfer.File) string {
	if f.Large() || binaryTypes[strings.ToLower(path.Ext(f.Entry.Path))] && !(f.Raw && f.Entry.LFS != nil) {
		return "application/octet-stream"
	}
	return "text/plain; charset=utf-8"
}

// What is the same in many answers. Nobody writes to these.
var (
	nosniff   = []string{"nosniff"}
	sandbox   = []string{"default-src 'none'; sandbox"}
	immutable = []string{"private, max-age=31536000, immutable"}
	noCache   = []string{"private, no-cache"}
	varies    = []string{"Authorization, Cookie"}
)

// setHeaders sets what http.Header.Set would, in one piece of memory: names must be in their canonical form.
func setHeaders(h http.Header, f *transfer.File, q request) {
	room := make([]string, 0, 6)
	set := func(name, value string) {
		room = append(room, value)
		h[name] = room[len(room)-1 : len(room) : len(room)]
	}
	etag := `"` + f.ETag() + `"`
	set("X-Repo-Commit", f.Commit.String())
	set("Etag", etag)
	if f.Large() {
		set("X-Linked-Size", strconv.FormatInt(f.Size(), 10))
		set("X-Linked-Etag", etag)
	}
	set("Content-Type", contentType(f))
	h["X-Content-Type-Options"] = nosniff
	h["Content-Security-Policy"] = sandbox
	if h["Cache-Control"] = noCache; f.Immutable {
		h["Cache-Control"] = immutable
	}
	h["Vary"] = varies
	if !q.noDisposition {
		set("Content-Disposition", disposition(path.Base(f.Entry.Path), q.attachment))
	}
}

// disposition writes the file name twice, as the Python client's pattern wants it, the second time in ASCII.
// Source: huggingface_hub file_download.py, HEADER_FILENAME_PATTERN; RFC 6266 section 4.1.
func disposition(name string, attachment bool) string {
	kind := "inline"
	if attachment {
		kind = "attachment"
	}
	return kind + "; filename*=UTF-8''" + percent(name) + `; filename="` + ascii(name) + `";`
}

// percent encodes everything but the attribute characters of RFC 5987.
func percent(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, s)
}
