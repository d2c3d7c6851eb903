package outbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/service/outbox"
	"github.com/ambit-hub/ambit/internal/testkit/mailbox"
)

// certificate vouches for itself, for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, is, is, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// startTLS starts a mail server that takes passwords over TLS alone: from the first byte on if implicit, else after STARTTLS,
// which it does not know without a certificate.
func startTLS(t *testing.T, cert *tls.Certificate, implicit bool) *mailbox.Server {
	t.Helper()
	return mailbox.Start(t, mailbox.Options{Encrypted: true, Certificate: cert, Implicit: implicit})
}

// TestMailIsEncrypted: by STARTTLS or TLS, with a server that proves itself and a password that goes over neither a bare
// connection nor to somebody else. What cannot be delivered so waits.
func TestMailIsEncrypted(t *testing.T) {
	cert, roots := certificate(t)
	_, others := certificate(t)
	both(t, func(w *world) {
		alice := w.user("alice", "alice@example.org", false)
		for name, c := range map[string]struct {
			server *mailbox.Server
			tls    string
			roots  *x509.CertPool
			pass   string
			sent   bool
		}{
			"STARTTLS":                  {startTLS(w.t, &cert, false), "starttls", roots, "sesame", true},
			"TLS":                       {startTLS(w.t, &cert, true), "tls", roots, "sesame", true},
			"a server without STARTTLS": {startTLS(w.t, nil, false), "starttls", roots, "sesame", false},
			"an unknown certificate":    {startTLS(w.t, &cert, false), "starttls", others, "sesame", false},
			"TLS, an unknown one":       {startTLS(w.t, &cert, true), "tls", nil, "sesame", false},
			"a wrong password":          {startTLS(w.t, &cert, false), "starttls", roots, "open", false},
			"no TLS where it is needed": {startTLS(w.t, &cert, false), "none", nil, "sesame", false},
		} {
			mail, err := outbox.NewMail(outbox.MailOptions{Server: c.server.Addr, From: "hub@example.org", User: "hub", Password: secret.New(c.pass), TLS: c.tls, Roots: c.roots})
			w.must(err)
			w.must(w.db.Enqueue(w.ctx, hub.Notice{Kind: "a", To: alice.ID, Dedupe: name}))
			s := w.service(mail)
			if n := w.deliver(s); n != 1 {
				w.t.Errorf("%s: %d messages were due", name, n)
			}
			w.now = w.now.Add(time.Hour)
			again := w.deliver(s)
			mails, signed := len(c.server.Mails()), c.server.SignIns()
			if sent := mails == 1; sent != c.sent || (signed > 0) != c.sent || (again == 0) != c.sent {
				w.t.Errorf("%s: %d mails, %d sign-ins, due again %d", name, mails, signed, again)
			}
			w.now = w.now.Add(7 * 24 * time.Hour)
			w.deliver(s) // the last attempt: nothing is left for the next case
		}
	})
}

// TestWebhookKeys signs as the libraries of receivers check. Source: standardwebhooks.com, the example of the specification.
func TestWebhookKeys(t *testing.T) {
	got := outbox.Sign(secret.New("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for a, b := range map[string]string{"whsec_not base64": "another", "plain": "whsec_cGxhaW4="} {
		same := outbox.Sign(secret.New(a), "m", "1", nil) == outbox.Sign(secret.New(b), "m", "1", nil)
		if want := a == "plain"; same != want {
			t.Errorf("%s and %s: %v", a, b, same)
		}
	}
}
