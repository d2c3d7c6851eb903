package outbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/ambit-hub/ambit/internal/secret"
)

// MailOptions say how mails leave.
type MailOptions struct {
	Server   string // host:port
	From     string // address, with or without a name
	User     string // empty: no sign-in
	Password secret.String
	TLS      string         // starttls, tls or none
	Roots    *x509.CertPool // that vouch for the server; nil: those of the machine
}

// mailTime is how long handing over one mail may take.
const mailTime = 30 * time.Second

// smtp hands mails to a server.
type smtp struct {
	from   string
	domain string // for message ids
	client *mail.Client
}

// NewMail makes the channel of mails. It does not connect. Wrong options are an error.
func NewMail(o MailOptions) (Channel, error) {
	host, portText, err := net.SplitHostPort(o.Server)
	if err != nil {
		return nil, fmt.Errorf("the mail server is not host:port: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("the mail server's port is not a number: %w", err)
	}
	opts := []mail.Option{mail.WithPort(port), mail.WithTimeout(mailTime)}
	switch o.TLS {
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case "tls":
		opts = append(opts, mail.WithSSL())
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.Roots != nil {
		opts = append(opts, mail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}))
	}
	if o.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if o.TLS == "none" { // whoever turns encryption off, and has a password, means it
			auth = mail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, mail.WithSMTPAuth(auth), mail.WithUsername(o.User), mail.WithPassword(o.Password.Reveal()))
	}
	c, err := mail.NewClient(host, opts...)
	if err != nil {
		return nil, fmt.Errorf("the settings for mail do not fit together: %w", err)
	}
	probe := mail.NewMsg()
	if err := probe.From(o.From); err != nil {
		return nil, fmt.Errorf("the sender of mails is not an address: %w", err)
	}
	return &smtp{from: o.From, domain: host, client: c}, nil
}

// Name is "mail".
func (s *smtp) Name() string { return "mail" }

// Deliver hands one mail over. A person without an address gets none, which is no error.
func (s *smtp) Deliver(ctx context.Context, m Message) error {
	if m.Address == "" {
		return nil
	}
	msg := mail.NewMsg()
	if err := msg.From(s.from); err != nil {
		return &Permanent{err}
	}
	if err := msg.To(m.Address); err != nil {
		return &Permanent{fmt.Errorf("the address of %s is not valid", m.To)}
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(string(m.ID) + "@" + s.domain) // the same at each attempt
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	err := s.client.DialAndSendWithContext(ctx, msg)
	var sent *mail.SendError
	if errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500 {
		return &Permanent{err}
	}
	return err
}
