package audit

import (
	"context"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// MaxExport is the number of events that one export holds at most.
// Source: Hub documentation, "Audit logs".
const MaxExport = 100_000

// checkQuery refuses what selects nothing whatever the log holds, and what no database looks for: most likely a slip, whose
// empty answer would be taken for the truth.
func checkQuery(q Query) error {
	if len(q.Type)+len(q.Actor)+len(q.Text) > maxQuery {
		return errLongQuery
	}
	for _, s := range []string{q.Type, q.Actor, q.Text} {
		if !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			return hub.Errorf(hub.InvalidInput, "What is looked for in the audit log must be text in UTF-8 without NUL.")
		}
	}
	for name, id := range map[string]hub.ID{"token": q.Token, "repository": q.Repo} {
		if _, err := hub.ParseID(string(id)); err != nil && id != "" {
			return hub.Errorf(hub.InvalidInput, "%q is not the id of a %s: ids have 24 hexadecimal digits.", string(id), name)
		}
	}
	if !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return hub.Errorf(hub.InvalidInput, "Nothing is both since %s and before %s.", q.Since.UTC().Format(time.RFC3339), q.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

// File returns where the file of checkpoints lies.
func (s *Service) File() string { return s.opts.File }

// Events returns up to q.Limit events, newest first: of the namespace with the given name, or of the whole hub when it is
// empty. Needs InstanceAdmin. NotFound when there is no such namespace, InvalidInput when q has more than 1000 bytes of text.
func (s *Service) Events(ctx context.Context, g access.Grant, namespace string, q Query) ([]Row, error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, err
	}
	if err := checkQuery(q); err != nil {
		return nil, err
	}
	if namespace != "" {
		n, err := s.store.Namespace(ctx, namespace)
		if err != nil {
			return nil, err
		}
		q.Namespace = n.ID
	}
	q.Limit = min(max(q.Limit, 1), page)
	return s.store.AuditEvents(ctx, q)
}

// Token is what an entry tells of the token that was used.
type Token struct {
	ID      hub.ID
	Kind    hub.TokenKind // empty when nothing is left of it
	Last4   string
	Deleted bool
}

// Entry is an event as an organization's admins see it: without the address of a person's connection.
type Entry struct {
	Row
	AnonymousIP string // the network only; empty if none is known
	Token       *Token // nil when no token was used
}

// ExportAction is what an export needs on the organization: of a fine-grained token org.write there, until a finer
// permission is chosen.
const ExportAction = access.OrgAudit

// Export calls yield for each event of an organization that q selects, newest first, at most MaxExport, until yield
// returns an error, which is returned. The export is recorded before the first event is read. Needs ExportAction on the
// organization; q.Namespace is set by it.
func (s *Service) Export(ctx context.Context, g access.Grant, q Query, ev hub.Event, yield func(Entry) error) error {
	org, err := g.Namespace(ExportAction)
	if err != nil {
		return err
	}
	if err := checkQuery(q); err != nil {
		return err
	}
	ev.Type, ev.NamespaceID, ev.Message = "org.audit_log.export", org.ID, "exported the audit log of "+org.Name
	if err := s.store.RecordEvents(ctx, ev); err != nil {
		return err
	}
	tokens := map[hub.ID]*Token{}
	q.Namespace = org.ID
	for left := MaxExport; left > 0; {
		q.Limit = min(page, left)
		rows, err := s.store.AuditEvents(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			e := Entry{Row: r, AnonymousIP: Anonymize(r.IP)}
			if e.Token, err = s.token(ctx, r.TokenID, tokens); err != nil {
				return err
			}
			if err := yield(e); err != nil {
				return err
			}
		}
		if len(rows) < q.Limit {
			return nil
		}
		left -= len(rows)
		q.Before = rows[len(rows)-1].Seq
	}
	return nil
}

// NoteExport records that the operator is about to export the log, of the namespace with the given name or of the whole hub
// when it is empty, as q selects: an organization finds that in its own log. NotFound when there is no such namespace,
// InvalidInput as for Events. Needs InstanceAdmin.
func (s *Service) NoteExport(ctx context.Context, g access.Grant, namespace string, q Query, ev hub.Event) error {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return err
	}
	if err := checkQuery(q); err != nil {
		return err
	}
	ev.Type, ev.Message = "audit.export", "exported the audit log of the hub"
	if namespace != "" {
		n, err := s.store.Namespace(ctx, namespace)
		if err != nil {
			return err
		}
		ev.Type, ev.NamespaceID, ev.Message = "org.audit_log.export", n.ID, "exported the audit log of "+n.Name
	}
	return s.store.RecordEvents(ctx, ev)
}

// maxTokens bounds what one export remembers of tokens.
const maxTokens = 10_000

func (s *Service) token(ctx context.Context, id hub.ID, known map[hub.ID]*Token) (*Token, error) {
	if id == "" {
		return nil, nil
	}
	if t := known[id]; t != nil {
		return t, nil
	}
	t := &Token{ID: id, Deleted: true}
	switch row, err := s.store.TokenByID(ctx, id); {
	case err == nil:
		t.Kind, t.Last4, t.Deleted = row.Kind, row.Last4, !row.RevokedAt.IsZero()
	case !hub.Is(err, hub.NotFound):
		return nil, err
	}
	if len(known) >= maxTokens {
		clear(known)
	}
	known[id] = t
	return t, nil
}

// Anonymize reduces an address to its network: 24 bits of IPv4, 48 of IPv6. What is no address becomes empty.
func Anonymize(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.Addr().String()
}

// maxQuery bounds the bytes of what is looked for, as patterns of a database have a bound.
const maxQuery = 1000

var errLongQuery = hub.Errorf(hub.InvalidInput, "What is looked for in the audit log has at most %d bytes.", maxQuery)

// ParseQuery reads what people type: words, which together are one text that must occur, and conditions type:, actor: (or
// author:), token:, repo:, since:, until: with a day or an instant. Of several conditions of one sort the last counts.
// InvalidInput when a condition makes no sense, alone or with the others, or the whole has more than 1000 bytes.
func ParseQuery(text string) (q Query, err error) {
	if len(text) > maxQuery {
		return Query{}, errLongQuery
	}
	var words []string
	for _, w := range strings.Fields(text) {
		key, value, ok := strings.Cut(w, ":")
		if !ok {
			words = append(words, w)
			continue
		}
		switch key {
		case "type":
			q.Type = value
		case "actor", "author":
			q.Actor = value
		case "token":
			q.Token, err = hub.ParseID(value)
		case "repo":
			q.Repo, err = hub.ParseID(value)
		case "since":
			q.Since, err = ParseTime(value)
		case "until":
			q.Until, err = ParseTime(value)
		default:
			words = append(words, w)
		}
		if err != nil {
			return Query{}, hub.Errorf(hub.InvalidInput, "The condition %s: is not valid: ids have 24 hexadecimal digits, times look like 2027-01-31 or 2027-01-31T12:00:00Z.", key)
		}
	}
	q.Text = strings.Join(words, " ")
	return q, checkQuery(q)
}

// ParseTime reads a day, which begins at midnight UTC, or an instant of RFC 3339.
func ParseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	return time.Parse(time.RFC3339, s)
}
