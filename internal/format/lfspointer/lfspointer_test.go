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
		{"extensions out of order", version + ext("1", "foo") + ext("0", "bar") + oid + "size 7\n", false, 0},
		{"extension twice", version + ext("0", "foo") + ext("0", "bar") + oid + "size 7\n", false, 0},
		{"extension without name", version + ext("0", "") + oid + "size 7\n", false, 0},
		{"unknown key", version + oid + "size 7\nx y\n", false, 0},
		{"size overflows", version + oid + "size 9223372036854775808\n", false, 0},
		{"negative size", version + oid + "size -1\n", false, 0},
		{"signed size", version + oid + "size +1\n", false, 0},
		{"leading zero", version + oid + "size 07\n", false, 0},
		{"no size", version + oid + "size \n", false, 0},
		{"no final line feed", version + oid + "size 7", false, 0},
		{"carriage returns", strings.ReplaceAll(version+oid+"size 7\n", "\n", "\r\n"), false, 0},
		{"blank line at the end", version + oid + "size 7\n\n", false, 0},
		{"size before oid", version + "size 7\n" + oid, false, 0},
		{"upper-case oid", version + strings.ToUpper(oid) + "size 7\n", false, 0},
		{"short oid", version + "oid sha256:4d7a\nsize 7\n", false, 0},
		{"other hash", version + "oid sha1:" + string(digest) + "\nsize 7\n", false, 0},
		{"old version", "version https://hawser.github.com/spec/v1\n" + oid + "size 7\n", false, 0},
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
		if !bytes.Contains(text, []byte("\next-")) && !bytes.Equal(text, canonical) {
			t.Fatalf("%q is accepted but not canonical", text)
		}
	})
}
