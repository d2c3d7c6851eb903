// Package sshkeys keeps the public keys that sign people in over SSH.
package sshkeys

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Meta is what this package needs of the metadata store; store/meta satisfies it and documents it.
type Meta interface {
	UserByName(ctx context.Context, name string) (hub.User, error)
	AddSSHKey(ctx context.Context, k hub.SSHKey, ev hub.Event) error
	SSHKeysOf(ctx context.Context, userID hub.ID) ([]hub.SSHKey, error)
	DeleteSSHKey(ctx context.Context, id hub.ID, ev hub.Event) error
}

// Service gives keys to users and takes them away, for the operator: every method needs InstanceAdmin. Safe for
// concurrent use.
type Service struct{ meta Meta }

// New makes a Service.
func New(meta Meta) *Service { return &Service{meta} }

const (
	maxName = 100
	minRSA  = 2048 // bits; source: NIST SP 800-131A
)

// Parse reads a line as in authorized_keys. InvalidInput for what is no public key, for a private key, and for kinds that
// are not secure any more.
func Parse(line string) (ssh.PublicKey, string, error) {
	if strings.Contains(line, "PRIVATE KEY") {
		return nil, "", hub.Errorf(hub.InvalidInput, "This is a private key: keep it to yourself, and give the file whose name ends in .pub.")
	}
	key, comment, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, "", hub.Errorf(hub.InvalidInput, "This is not a public SSH key such as 'ssh-ed25519 AAAA… comment'.")
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
	case ssh.KeyAlgoRSA:
		if bits := rsaBits(key); bits < minRSA {
			return nil, "", hub.Errorf(hub.InvalidInput, "An RSA key needs at least %d bits; this one has %d.", minRSA, bits)
		}
	default:
		return nil, "", hub.Errorf(hub.InvalidInput, "Keys of kind %s are not accepted: make one with 'ssh-keygen -t ed25519'.", key.Type())
	}
	return key, comment, nil
}

// Add gives a key to a user. NotFound for an unknown user; InvalidInput as Parse; Conflict when somebody has the key.
func (s *Service) Add(ctx context.Context, g access.Grant, user, name, line string) (hub.SSHKey, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return hub.SSHKey{}, err
	}
	key, comment, err := Parse(line)
	if err != nil {
		return hub.SSHKey{}, err
	}
	u, err := s.meta.UserByName(ctx, user)
	if err != nil {
		return hub.SSHKey{}, err
	}
	if name == "" {
		name = comment
	}
	if name = strings.ToValidUTF8(strings.TrimSpace(name), ""); name == "" {
		name = key.Type()
	}
	if len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return hub.SSHKey{}, hub.Errorf(hub.InvalidInput, "The name of a key has at most %d bytes and no control characters.", maxName)
	}
	k := hub.SSHKey{
		ID: hub.NewID(), UserID: u.ID, UserName: u.Name, Name: name, Kind: key.Type(), Fingerprint: ssh.FingerprintSHA256(key),
		Public: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), CreatedAt: time.Now().UTC(),
	}
	ev := event(g, fmt.Sprintf("Gave %s the SSH key %s.", u.Name, k.Fingerprint))
	return k, s.meta.AddSSHKey(ctx, k, ev)
}

// List returns the keys of a user, oldest first. NotFound for an unknown user.
func (s *Service) List(ctx context.Context, g access.Grant, user string) ([]hub.SSHKey, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, err
	}
	u, err := s.meta.UserByName(ctx, user)
	if err != nil {
		return nil, err
	}
	return s.meta.SSHKeysOf(ctx, u.ID)
}

// Remove takes a key away. It signs nobody in from then on; connections that it opened end within a minute. NotFound.
func (s *Service) Remove(ctx context.Context, g access.Grant, id hub.ID) error {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return err
	}
	return s.meta.DeleteSSHKey(ctx, id, event(g, "Removed an SSH key."))
}

func event(g access.Grant, message string) hub.Event {
	return orgs.Event(g, hub.Event{}, "", message, "", "")
}
