// Package orgs is what the services about organizations share: finding the organization that a grant is about, and
// beginning the audit event of what its holder does.
package orgs

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Finder finds organizations; store/meta satisfies it.
type Finder interface {
	OrgByName(ctx context.Context, name string) (hub.Organization, error)
	OrgByID(ctx context.Context, id hub.ID) (hub.Organization, error)
}

// Find returns the organization that the holder of g may do a to: the one of the grant, or with InstanceAdmin the one
// called name. NotFound when there is none, or when the namespace is a person's; Internal when g holds neither.
func Find(ctx context.Context, f Finder, g access.Grant, a access.Action, name string) (hub.Organization, error) {
	if IsOperator(g) {
		return f.OrgByName(ctx, name)
	}
	ns, err := g.Namespace(a)
	if err != nil {
		return hub.Organization{}, err
	}
	if ns.Kind != hub.OrgNamespace {
		return hub.Organization{}, hub.Errorf(hub.NotFound, "There is no organization called %s.", ns.Name)
	}
	return f.OrgByID(ctx, ns.ID)
}

// IsOperator tells whether g was given to the operator of this hub.
func IsOperator(g access.Grant) bool { return g.Has(access.InstanceAdmin) == nil }

// MaxYears is how many years ahead an end may lie. Decisions count nanoseconds in 64 bits, which end in 2262.
const MaxYears = 100

// OperatorName is the actor's name in audit events of the operator's commands.
const OperatorName = "operator"

// Event begins the audit event of what the holder of g does to org. from says where the request came from; it is empty
// for the operator.
func Event(g access.Grant, from hub.Event, kind, message string, org, target hub.ID) hub.Event {
	ev := from
	ev.Type, ev.Message, ev.NamespaceID, ev.TargetID = kind, message, org, target
	if s := g.Subject(); s != nil && ev.ActorName == "" {
		ev.ActorID, ev.ActorName, ev.TokenID = s.ActorID(), s.ActorName(), s.TokenID()
		if s.Kind() == access.KindOperator {
			ev.ActorName = OperatorName
		}
	}
	return ev
}

// Text checks a text for people: trimmed, valid, on one line unless lines says otherwise, of least to most characters,
// and without anything that looks like an access token, as many may read it. InvalidInput.
func Text(what, s string, least, most int, lines bool) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	bad := func(c rune) bool { return unicode.IsControl(c) && !(lines && (c == '\n' || c == '\t' || c == '\r')) }
	switch {
	case n < least && n == 0:
		return "", hub.Errorf(hub.InvalidInput, "The %s is missing.", what)
	case n < least || n > most:
		return "", hub.Errorf(hub.InvalidInput, "The %s must have %d to %d characters.", what, least, most)
	case !utf8.ValidString(s) || strings.IndexFunc(s, bad) >= 0:
		return "", hub.Errorf(hub.InvalidInput, "The %s holds control characters.", what)
	}
	return s, hub.CheckNoToken(what, s)
}
