package lfspointer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

var digest = hub.Digest(strings.Repeat("4d7a214614ab2935", 4))

func TestFormat(t *testing.T) {
	got := string(Pointer{Digest: digest, Size: 12345}.Format())
	want := "version https://git-lfs.github.com/spec/v1\noid sha256:" + string(digest) + "\nsize 12345\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParse(t *testing.T) {
	const version = "version https://git-lfs.github.com/spec/v1\n"
	oid := "oid sha256:" + string(digest) + "\n"
	ext := func(n, name string) string { return "ext-" + n + "-" + name + " sha256:" + string(digest) + "\n" }
	for _, c := range []struct {
		name, text string
		ok         bool
		size       int64
	}{
		{"canonical", version + oid + "size 7\n", true, 7},
		{"empty file", version + oid + "size 0\n", true, 0},
		{"largest", version + oid + "size 9223372036854775807\n", true, 1<<63 - 1},
		{"extensions", version + ext("0", "foo") + ext("1", "bar.b") + oid + "size 7\n", true, 7},
		{"extensions out of order", version + ext("1", "foo") + ext("0", "bar") + oid + "size 7\n", true, 7},
		{"extension twice", version + ext("0", "foo") + ext("0", "bar") + oid + "size 7\n", false, 0},
		{"extension without name", version + ext("0", "") + oid + "size 7\n", false, 0},
		{"unknown key", version + oid + "size 7\nx y\n", false, 0},
		{"size overflows", version + oid + "size 9223372036854775808\n", false, 0},
		{"negative size", version + oid + "size -1\n", false, 0},
		{"signed size", version + oid + "size +1\n", true, 1},
		{"leading zero", version + oid + "size 07\n", true, 7},
		{"no size", version + oid + "size \n", false, 0},
		{"no final line feed", version + oid + "size 7", true, 7},
		{"carriage returns", strings.ReplaceAll(version+oid+"size 7\n", "\n", "\r\n"), true, 7},
		{"blank line at the end", version + oid + "size 7\n\n", true, 7},
		{"space around it", " \n\t" + version + oid + "size 7 \n", true, 7},
		{"blank lines", version + "\n" + oid + "\r\nsize 7\n", true, 7},
		{"oldest version", "version http://git-media.io/v/2\n" + oid + "size 7\n", true, 7},
		{"extension first", ext("0", "foo") + version + oid + "size 7\n", true, 7},
		{"extension in the middle", version + oid + ext("0", "foo-x") + "size 7\n", true, 7},
		{"extension last", version + oid + "size 7\n" + ext("0", "foo"), false, 0},
		{"extension without a hash", version + "ext-0-foo sha256:zz\n" + oid + "size 7\n", false, 0},
		{"extension with a number of two digits", version + ext("10", "foo") + oid + "size 7\n", false, 0},
		{"space behind the oid", version + "oid sha256:" + string(digest) + " \nsize 7\n", false, 0},
		{"longer oid", version + "oid sha256:" + string(digest) + "ab\nsize 7\n", false, 0},
		{"two spaces", version + oid + "size  7\n", false, 0},
		{"size twice", version + oid + "size 7\nsize 7\n", false, 0},
		{"later version", "version https://git-lfs.github.com/spec/v2\n" + oid + "size 7\n", false, 0},
		{"byte order mark", "\ufeff" + version + oid + "size 7\n", false, 0},
		{"carriage returns alone", strings.ReplaceAll(version+oid+"size 7\n", "\n", "\r"), false, 0},
		{"zero byte", version + oid + "size 7\n\x00", false, 0},
		{"size before oid", version + "size 7\n" + oid, false, 0},
		{"upper-case oid", version + strings.ToUpper(oid) + "size 7\n", false, 0},
		{"short oid", version + "oid sha256:4d7a\nsize 7\n", false, 0},
		{"other hash", version + "oid sha1:" + string(digest) + "\nsize 7\n", false, 0},
		{"old version", "version https://hawser.github.com/spec/v1\n" + oid + "size 7\n", true, 7},
		{"empty", "", false, 0},
		{"too long", version + ext("0", strings.Repeat("x", 900)) + oid + "size 7\n", false, 0},
	} {
		p, ok := Parse([]byte(c.text))
		if ok != c.ok || ok && (p.Size != c.size || p.Digest != digest) {
			t.Errorf("%s: got %+v, %v, want size %d, %v", c.name, p, ok, c.size, c.ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Pointer{Digest: digest, Size: 12345}.Format())
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\next-0-a sha256:" + string(digest) + "\noid sha256:" + string(digest) + "\nsize 1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, ok := Parse(text)
		if !ok {
			return
		}
		canonical := p.Format()
		if q, ok := Parse(canonical); !ok || q != p {
			t.Fatalf("%q: parsed %+v, its format parses as %+v, %v", text, p, q, ok)
		}
		apart := bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), []byte("\n\n"))
		if r, ok := Parse(apart); len(apart) < MaxPointerSize && (!ok || r != p) {
			t.Fatalf("%q: parsed %+v, with blank lines %+v, %v", text, p, r, ok)
		}
	})
}
