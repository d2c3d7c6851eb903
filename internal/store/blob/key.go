package blob

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxKey is the longest key in bytes.
const MaxKey = 512

// CheckKey tells whether key may name an object: a slash path of segments made of a-z, 0-9, '.', '_' and '-',
// none of them empty or beginning with a dot. The error is InvalidInput.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return badKey()
	}
	for seg := range strings.SplitSeq(key, "/") {
		if seg == "" || seg[0] == '.' {
			return badKey()
		}
	}
	return CheckPrefix(key)
}

// CheckPrefix tells whether prefix could begin a key; the empty one begins them all. The error is InvalidInput.
func CheckPrefix(prefix string) error {
	if len(prefix) > MaxKey || strings.HasPrefix(prefix, "/") || strings.Contains(prefix, "//") ||
		strings.HasPrefix(prefix, ".") || strings.Contains(prefix, "/.") {
		return badKey()
	}
	for i := 0; i < len(prefix); i++ {
		c := prefix[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' && c != '/' {
			return badKey()
		}
	}
	return nil
}

func badKey() error { return hub.Errorf(hub.InvalidInput, "This is not the key of a stored object.") }
