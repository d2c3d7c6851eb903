// Package mailbox is a mail server for tests: a real one, on this machine, that keeps what it gets.
package mailbox

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// User and Password are what the server wants to hear from who signs in.
const (
	User     = "hub"
	Password = "sesame"
)

// Mail is a mail that arrived.
type Mail struct {
	To   string // the receiver that the sender named, whatever the headers say
	Text string // headers and body as they were sent
}

// Server is a mail server. Safe for concurrent use.
type Server struct {
	Addr string // host and port

	mu      sync.Mutex // guards all below
	mails   []Mail
	signIns int
	refusal *smtp.SMTPError
}

// Options say how a server is reached. The zero Options are a server that lets people sign in without encryption.
type Options struct {
	Encrypted   bool             // nobody signs in without encryption
	Certificate *tls.Certificate // for STARTTLS, which the server does not offer without one
	Implicit    bool             // TLS from the first byte on, instead of STARTTLS
}

// Start starts a server, which ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String()}
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth = "localhost", !o.Encrypted
	if o.Certificate != nil {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*o.Certificate}}
		if o.Implicit {
			l = tls.NewListener(l, srv.TLSConfig)
		}
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return s
}

// Mails returns what has arrived, the oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// SignIns returns how often somebody signed in.
func (s *Server) SignIns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signIns
}

// Refuse lets the server refuse every receiver with a status such as 451 or 550; 0 ends that.
func (s *Server) Refuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = nil
	if status != 0 {
		s.refusal = &smtp.SMTPError{Code: status, EnhancedCode: smtp.EnhancedCode{status / 100, 1, 1}, Message: "refused"}
	}
}

// NewSession implements smtp.Backend.
func (s *Server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{Server: s}, nil }

type session struct {
	*Server
	to string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.signIns++
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusal != nil {
		return s.refusal
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, Mail{s.to, string(b)})
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
