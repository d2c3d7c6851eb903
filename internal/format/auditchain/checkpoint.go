package auditchain

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint states what the log was at some time.
type Checkpoint struct {
	Size  int64     // number of records
	Root  Hash      // of the Merkle tree over them
	Chain Hash      // of the last record in the chain
	At    time.Time // whole microseconds
}

// Origin is the name of a hub's log, and of the key that signs its checkpoints.
func Origin(instance string) string { return "ambit-audit/" + instance }

// Signer returns the signer of a hub's checkpoints, made of a secret seed.
func Signer(instance string, seed [ed25519.SeedSize]byte) (note.Signer, error) {
	key := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.NewEd25519VerifierKey(Origin(instance), key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("making the key of audit checkpoints: %w", err)
	}
	parts := strings.SplitN(public, "+", 3) // name, key hash, algorithm and key
	private := "PRIVATE+KEY+" + parts[0] + "+" + parts[1] + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed[:]...)) // 1 is Ed25519
	return note.NewSigner(private)
}

// VerifierKey returns the public key of the same seed, in the form that note.NewVerifier reads.
func VerifierKey(instance string, seed [ed25519.SeedSize]byte) (string, error) {
	key := ed25519.NewKeyFromSeed(seed[:])
	return note.NewEd25519VerifierKey(Origin(instance), key.Public().(ed25519.PublicKey))
}

// Sign returns the checkpoint as a signed note: origin, size, root, and our own lines for the chain and the time.
func Sign(c Checkpoint, origin string, s note.Signer) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\nchain %s\ntime %s\n", origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]),
		base64.StdEncoding.EncodeToString(c.Chain[:]), c.At.UTC().Format(time.RFC3339Nano))
	return note.Sign(&note.Note{Text: text}, s)
}

// errCheckpoint is the answer to a note that is no checkpoint, or not signed by one of the keys.
var errCheckpoint = errors.New("this is not a checkpoint of this hub's audit log")

// Open checks the signature of a note under one of the keys and reads the checkpoint in it.
func Open(msg []byte, origin string, keys note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(msg, keys)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", errCheckpoint, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 6 || lines[0] != origin || lines[5] != "" {
		return Checkpoint{}, errCheckpoint
	}
	var c Checkpoint
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 {
		return Checkpoint{}, errCheckpoint
	}
	chain, ok := strings.CutPrefix(lines[3], "chain ")
	at, timed := strings.CutPrefix(lines[4], "time ")
	if !ok || !timed || !parseHash(lines[2], &c.Root) || !parseHash(chain, &c.Chain) {
		return Checkpoint{}, errCheckpoint
	}
	if c.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

func parseHash(s string, to *Hash) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != len(to) {
		return false
	}
	copy(to[:], b)
	return true
}
