package ssh

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/ambit-hub/ambit/internal/hub"
)

const userName = "git"

// signIn is how one connection finds out who its client is. Its methods are called one after the other.
type signIn struct {
	s       *Server
	network netip.Prefix
	unknown int // keys that were offered and that nobody has
}

// signedIn is what a connection's permissions say, under its own zero value: whose key it was.
type signedIn struct {
	key  [32]byte // SHA-256
	user hub.ID
}

func (in *signIn) config() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		ServerVersion: serverVersion, MaxAuthTries: maxAuthTries, PublicKeyCallback: in.byKey, KeyboardInteractiveCallback: in.byNothing,
	}
	c.AddHostKey(in.s.key)
	return c
}

// failed tells whether the client had keys, and none of them was known. c is nil when the handshake broke off.
func (in *signIn) failed(c *ssh.ServerConn) bool {
	if c != nil {
		if _, ok := c.Permissions.ExtraData[signedIn{}]; ok {
			return false
		}
	}
	return in.unknown > 0
}

var errUser = errors.New("ssh: the user must be git")

// byKey lets known keys in. The others are refused, so that the client goes on to its next one.
func (in *signIn) byKey(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if c.User() != userName {
		in.unknown++ // somebody who tries names and keys
		return nil, errUser
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sum := sumOf(key)
	sub, err := in.s.d.Subject(ctx, sum)
	if err != nil {
		if hub.Is(err, hub.InvalidCredentials) {
			in.unknown++
		} else {
			in.s.d.Log.LogAttrs(ctx, slog.LevelError, "an SSH key cannot be looked up", slog.String("error", err.Error()))
		}
		return nil, err
	}
	return &ssh.Permissions{ExtraData: map[any]any{signedIn{}: signedIn{sum, sub.UserID()}}}, nil
}

// byNothing lets everybody in, as nobody. Clients try it after all of their keys, without asking anybody anything.
func (in *signIn) byNothing(c ssh.ConnMetadata, _ ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	if c.User() != userName {
		return nil, errUser
	}
	if in.s.limits.tooMany(in.network) {
		err := hub.Errorf(hub.TooManyRequests, "Too many sign-ins with unknown SSH keys came from your network. Use a key that this hub knows, or try again in a few minutes.")
		return nil, &ssh.BannerError{Err: err, Message: "ambit: " + err.Message + "\n"}
	}
	return &ssh.Permissions{}, nil
}
