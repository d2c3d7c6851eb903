package sshkeys

import (
	"crypto/rsa"

	"golang.org/x/crypto/ssh"
)

// rsaBits returns the length of an RSA key in bits, 0 for another one.
func rsaBits(key ssh.PublicKey) int {
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return 0
	}
	k, ok := c.CryptoPublicKey().(*rsa.PublicKey)
	if !ok {
		return 0
	}
	return k.N.BitLen()
}
