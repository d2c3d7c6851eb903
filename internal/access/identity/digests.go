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

// DeriveAll returns what Derive returns for each key of the ring, the newest first: for checking what was signed under
// older ones. They are secret.
func (k Keys) DeriveAll(purpose string) [][KeySize]byte {
	var out [][KeySize]byte
	for _, e := range k.entries() {
		out = append(out, makeKeys([]key{e}).Derive(purpose))
	}
	return out
}
