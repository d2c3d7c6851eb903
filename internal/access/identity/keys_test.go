package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/secret"
)

func TestKeysRoundTrip(t *testing.T) {
	k := GenerateKeys().Rotate()
	again, err := ParseKeys(k.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	v := secret.New("hf_something")
	id1, d1 := k.TokenDigest(v)
	id2, d2 := again.TokenDigest(v)
	if id1 != id2 || !bytes.Equal(d1, d2) || !bytes.Equal(k.SessionDigest(v), again.SessionDigest(v)) {
		t.Fatal("a ring read back makes other digests")
	}
	if bytes.Equal(d1, k.SessionDigest(v)) {
		t.Fatal("tokens and sessions share a key")
	}
	if len(k.entries()) != 2 || k.IsZero() || !(Keys{}).IsZero() {
		t.Fatal("size of the ring")
	}
}

func TestBadKeyFiles(t *testing.T) {
	good := strings.Repeat("ab", KeySize)
	for _, text := range []string{
		"", "# only a comment\n", "id\n", "id " + good[1:], "id " + good + "00", "id zz" + good[2:], "a " + good + " more",
		"a " + good + "\na " + good, strings.Repeat("x", 65) + " " + good,
	} {
		if _, err := ParseKeys([]byte(text)); err == nil {
			t.Errorf("%.20q was accepted", text)
		} else if strings.Contains(err.Error(), "abab") {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

// TestKeysDoNotPrint tries every way of printing.
func TestKeysDoNotPrint(t *testing.T) {
	k := GenerateKeys()
	fields := strings.Fields(string(k.Marshal()))
	material := fields[len(fields)-1]
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).InfoContext(context.Background(), "x", "keys", k, "in", struct{ K Keys }{k})
	js, err := json.Marshal(map[string]any{"k": k})
	if err != nil {
		t.Fatal(err)
	}
	raw := fmt.Sprint(k.entries()[0].material)
	for _, out := range []string{
		fmt.Sprint(k), fmt.Sprintf("%v %+v %#v %s %x", k, k, k, k, k), fmt.Sprintf("%+v", struct{ k Keys }{k}), log.String(), string(js),
	} {
		if strings.Contains(out, material) || strings.Contains(out, strings.Trim(raw, "[]")) {
			t.Errorf("printed: %.60q", out)
		}
	}
}
