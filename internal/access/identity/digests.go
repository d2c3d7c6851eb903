package identity

import "github.com/ambit-hub/ambit/internal/secret"

// TokenDigests returns the digests of a token's value under every key of the ring, the newest first: for finding a
// token that may have been made under an older one.
func (k Keys) TokenDigests(value secret.String) [][]byte {
	var out [][]byte
	for _, e := range k.entries() {
		d := e.token.sum(value.Reveal())
		out = append(out, d[:])
	}
	return out
}
