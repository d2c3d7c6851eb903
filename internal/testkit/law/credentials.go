package law

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// Address is where a row's request comes from, "" for where it does come from.
func (r Row) Address() string {
	for _, f := range splitFacts(r.Token) {
		if a, ok := strings.CutPrefix(f, "from="); ok {
			return a
		}
	}
	return ""
}

// Credential returns how a request presents the row's credential: a header's name and value, both empty for none. ok is
// false for what only other front doors know: SSH keys.
func (w *World) Credential(r Row) (header, value string, ok bool) {
	words := slices.DeleteFunc(splitFacts(r.Token), func(f string) bool { return strings.HasPrefix(f, "from=") })
	kind := words[0]
	switch {
	case r.Anonymous():
		return "", "", true
	case kind == "ssh" || r.Who == "operator":
		return "", "", false
	}
	key := r.Who + " " + strings.Join(words, ",")
	if w.tokens[key] == "" {
		switch {
		case kind == "session":
			w.tokens[key] = w.session(r.Who)
		case strings.HasPrefix(kind, "service"):
			w.tokens[key] = w.serviceToken(r.Who, kind, words[1:])
		default:
			w.tokens[key] = w.token(key, r.Who, kind, words[1:])
		}
	}
	if kind == "session" {
		return "Cookie", sessionCookie + "=" + w.tokens[key], true
	}
	return "Authorization", "Bearer " + w.tokens[key], true
}

// sessionCookie is the name that httpd gives it. Source: access-model 1.2.
const sessionCookie = "token"

// splitFacts parts "fg[a;b],pending=x" at the commas outside of brackets.
func splitFacts(s string) (out []string) {
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				out, from = append(out, s[from:i]), i+1
			}
		}
	}
	return append(out, s[from:])
}

func (w *World) session(who string) string {
	value := "cookie-of-" + who
	now := time.Now().UTC()
	s := hub.Session{ID: hub.NewID(), UserID: w.space(who), CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	w.check(w.DB.CreateSession(ctx, s, w.Keys.SessionDigest(secret.New(value)), hub.Event{}))
	return value
}

func (w *World) token(key, who, kind string, facts []string) string {
	t := hub.Token{Kind: hub.TokenKind(kind)}
	if strings.HasPrefix(kind, "fg") {
		t.Kind = hub.TokenFineGrained
		w.scope(&t, strings.Trim(strings.TrimPrefix(kind, "fg"), "[]"))
	}
	for _, f := range facts {
		if f == "expired" {
			t.ExpiresAt = time.Now().Add(-time.Minute)
		}
	}
	// What an admin makes is approved at once: one that waits was made before its owner became an admin.
	for _, f := range facts {
		if org, waits := strings.CutPrefix(f, "pending="); waits && w.members[org][who] == hub.RoleAdmin {
			w.Member(org, who, hub.RoleWrite)
			defer w.Member(org, who, hub.RoleAdmin)
		}
	}
	value := w.Token(key, who, t)
	row, err := w.DB.TokenFacts(ctx, w.Keys.TokenDigests(secret.New(value))[0])
	w.check(err)
	for _, f := range facts {
		fact, org, _ := strings.Cut(f, "=")
		st, err := hub.ParseTokenState(fact)
		switch {
		case f == "expired":
		case f == "revoked":
			w.check(w.DB.RevokeToken(ctx, row.Token.ID, "deleted", time.Time{}, hub.Event{}))
		case err != nil:
			w.t.Fatalf("law: unknown fact %q", f)
		default:
			w.decide(row.Token.ID, org, st)
		}
	}
	return value
}

// decide brings a token into a state; one that it has by itself needs no decision, and where nothing waits for approval
// an approval cannot be given and would change nothing.
func (w *World) decide(token hub.ID, org string, st hub.TokenState) {
	g, err := w.DB.TokenGrant(ctx, token, w.space(org))
	w.check(err)
	if g.State == st {
		return
	}
	_, err = w.DB.DecideToken(ctx, hub.TokenDecision{TokenID: token, OrgID: w.space(org), To: st, ReviewerID: w.space(founder)}, hub.Event{})
	if err != nil && !hub.Is(err, hub.Conflict) && !hub.Is(err, hub.NotFound) {
		w.check(err)
	}
}

func (w *World) scope(t *hub.Token, spec string) {
	for _, entry := range strings.Split(spec, ";") {
		switch entry {
		case "":
			continue
		case "gated":
			t.CanReadGated = true
			continue
		case "discuss":
			t.Global = []hub.Permission{hub.PermDiscussionWrite}
			continue
		}
		what, perms, _ := strings.Cut(entry, "=")
		typ, name, _ := strings.Cut(what, ":")
		var ps []hub.Permission
		for _, p := range strings.Split(perms, "+") {
			if p != "" {
				ps = append(ps, hub.Permission(p))
			}
		}
		if hub.EntityType(typ) == hub.EntityGroup {
			org, _, _ := strings.Cut(name, "/")
			id := w.groups[name]
			t.Scopes = append(t.Scopes, hub.Scope{EntityType: hub.EntityGroup, EntityID: id, NamespaceID: w.space(org), GroupID: id, Permissions: ps})
			continue
		}
		t.Scopes = append(t.Scopes, w.Scope(hub.EntityType(typ), name, ps...))
	}
}

func (w *World) serviceToken(who, kind string, facts []string) string {
	var asUser hub.Token
	w.scope(&asUser, strings.Trim(strings.TrimPrefix(kind, "service"), "[]"))
	t := hub.ServiceToken{ID: hub.NewID(), AccountID: w.services[who].ID, Name: "law", Gen: 1, CreatedAt: time.Now().UTC()}
	for _, s := range asUser.Scopes {
		if s.EntityType == hub.EntityOrg {
			t.Permissions = s.Permissions
			continue
		}
		t.Repos, t.RepoPermissions = append(t.Repos, s.EntityID), s.Permissions
	}
	for _, f := range facts {
		switch f {
		case "expired":
			t.ExpiresAt = time.Now().Add(-time.Minute)
		case "skip":
			t.SkipNetwork = true
		}
	}
	value := tokenfmt.ForInstance(testkit.Instance).Generate()
	t.Last4 = tokenfmt.Last4(value)
	kid, digest := w.Keys.TokenDigest(secret.New(value))
	w.check(w.DB.CreateServiceToken(ctx, t, kid, digest, hub.Event{}))
	for _, f := range facts {
		if f == "revoked" {
			w.check(w.DB.RevokeServiceToken(ctx, t.ID, "deleted", time.Time{}, hub.Event{}))
		}
	}
	return value
}

// Present sets the row's credential on a request; false when this door cannot.
func (w *World) Present(req *http.Request, r Row) bool {
	header, value, ok := w.Credential(r)
	if ok && header != "" {
		req.Header.Set(header, value)
	}
	if a := r.Address(); a != "" {
		req.Header.Set("X-Forwarded-For", a)
	}
	return ok
}
