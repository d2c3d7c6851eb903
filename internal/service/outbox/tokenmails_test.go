package outbox_test

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/outbox"
	"github.com/ambit-hub/ambit/internal/service/policies"
	"github.com/ambit-hub/ambit/internal/service/tokens"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/mailbox"
)

// reviewed is a hub whose organization acme reviews tokens, with its mails.
type reviewed struct {
	*testkit.Hub
	t      *testing.T
	ctx    context.Context
	smtp   *mailbox.Server
	out    *outbox.Service
	policy *policies.Service
	tokens *tokens.Service
	admin  access.Grant // of alice
	read   int          // mails that were looked at
}

func startReviewed(t *testing.T) *reviewed {
	w := &reviewed{Hub: testkit.New(t, func(*testkit.Hub) {}), t: t, ctx: context.Background(), smtp: mailbox.Start(t, mailbox.Options{})}
	w.World()
	w.policy = policies.New(w.DB, w.Keys, nil)
	w.tokens = tokens.New(w.DB, w.Zone, w.Keys, testkit.Instance, tokens.Options{MaxPerUser: 50, MaxScopes: 20})
	w.out = outbox.New(w.DB, []outbox.Channel{mailTo(t, w.smtp)}, outbox.Options{Now: func() time.Time { return time.Now().Add(time.Minute) }})
	var err error
	w.admin, err = w.Zone.Authorize(w.ctx, w.Subject("alice.write"), access.Need{Action: access.OrgWrite, Target: access.Namespace("acme")},
		access.Need{Action: access.OrgTokens, Target: access.Namespace("acme")})
	w.check(err)
	return w
}

func (w *reviewed) check(err error) {
	if err != nil {
		w.t.Helper()
		w.t.Fatal(err)
	}
}

// session manages the tokens of a person as the person's browser would.
func (w *reviewed) session(name string) access.Grant {
	w.t.Helper()
	u, err := w.DB.UserByName(w.ctx, name)
	w.check(err)
	f, err := w.DB.UserFacts(w.ctx, u.ID)
	w.check(err)
	g, err := w.Zone.Authorize(w.ctx, access.NewSubject(f, access.Credential{Session: true}), access.Need{Action: access.TokenManage, Target: access.Self()})
	w.check(err)
	return g
}

// mails delivers what waits and returns "receiver: subject" of each mail, sorted, and all texts.
func (w *reviewed) mails() (heads []string, texts string) {
	w.t.Helper()
	for {
		n, err := w.out.Deliver(w.ctx)
		w.check(err)
		if n == 0 {
			break
		}
	}
	for _, mail := range w.smtp.Mails()[w.read:] {
		w.read++
		m, err := netmail.ReadMessage(strings.NewReader(mail.Text))
		w.check(err)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		w.check(err)
		heads = append(heads, mail.To+": "+subject)
		texts += strings.ReplaceAll(readAll(w.t, quotedprintable.NewReader(m.Body)), "\r\n", "\n")
	}
	slices.Sort(heads)
	return heads, texts
}

func (w *reviewed) expect(what string, texts []string, heads ...string) {
	w.t.Helper()
	slices.Sort(heads)
	got, all := w.mails()
	if !slices.Equal(got, heads) {
		w.t.Errorf("%s:\n got %q\nwant %q", what, got, heads)
	}
	for _, x := range texts {
		if !strings.Contains(all, x) {
			w.t.Errorf("%s: no mail says %q:\n%s", what, x, all)
		}
	}
}

// TestTokenMails follows a token through the review by its mails: every admin hears that it waits, its owner hears that and
// what is decided, and nobody hears of what is approved by itself.
func TestTokenMails(t *testing.T) {
	w := startReviewed(t)
	admins := []string{"alice"}
	for i := range 7 { // more than the Hub tells
		name := fmt.Sprintf("admin%d", i)
		w.User(name)
		w.Member("acme", name, hub.RoleAdmin)
		admins = append(admins, name)
	}
	w.User("suspended")
	w.Member("acme", "suspended", hub.RoleAdmin)
	u, err := w.DB.UserByName(w.ctx, "suspended")
	w.check(err)
	w.check(w.DB.SetSuspended(w.ctx, u.ID, true, hub.Event{}))
	everyAdmin := func(subject string) (heads []string) {
		for _, a := range admins {
			heads = append(heads, a+"@example.org: "+subject)
		}
		return heads
	}
	create := func(owner, name string, ps ...hub.Permission) tokens.Created {
		w.t.Helper()
		c, err := w.tokens.Create(w.ctx, w.session(owner), tokens.NewToken{Name: name, Kind: hub.TokenFineGrained,
			Scopes: []tokens.NewScope{{Entity: tokens.Entity{Type: hub.EntityOrg, Name: "acme"}, Permissions: ps}}})
		w.check(err)
		return c
	}
	decide := func(id hub.ID, to hub.TokenState, reason string) {
		w.t.Helper()
		_, err := w.policy.Decide(w.ctx, w.admin, "", hub.TokenDecision{TokenID: id, To: to, Reason: reason}, hub.Event{})
		w.check(err)
	}

	create("carol", "one", hub.PermRepoContentRead)
	create("carol", "two", hub.PermRepoContentRead)
	w.expect("without a policy", nil)
	p := hub.RequireApproval
	_, err = w.policy.Set(w.ctx, w.admin, "", policies.Change{Tokens: &p}, hub.Event{})
	w.check(err)
	w.expect("the switch", []string{"one (...", "two (...", "requires approval from now on"},
		append(everyAdmin("acme now reviews access tokens"), "carol@example.org: acme has to approve access tokens of yours: 2")...)

	create("alice", "an admin's", hub.PermRepoWrite)
	w.expect("made by an admin", nil)

	c := create("bob", "robot", hub.PermRepoContentRead)
	w.expect("pending", []string{"ambit admin token-review approve acme " + string(c.ID), "new to the organization"},
		append(everyAdmin("An access token of bob waits for approval in acme"), "bob@example.org: acme has to approve access tokens of yours: 1")...)
	decide(c.ID, hub.TokenApproved, "")
	w.expect("approved", []string{"It works there from now on"}, "bob@example.org: acme: your access token robot is approved")
	_, err = w.tokens.Edit(w.ctx, w.session("bob"), c.ID, tokens.Change{Scopes: &[]tokens.NewScope{
		{Entity: tokens.Entity{Type: hub.EntityOrg, Name: "acme"}, Permissions: []hub.Permission{hub.PermRepoWrite}}}})
	w.check(err)
	w.expect("widened", []string{"given more permissions"},
		append(everyAdmin("An access token of bob waits for approval in acme"), "bob@example.org: acme has to approve access tokens of yours: 1")...)
	decide(c.ID, hub.TokenDenied, "Ask for less.")
	w.expect("denied", []string{"Ask for less.", "can still approve it"}, "bob@example.org: acme: your access token robot is denied")
	decide(c.ID, hub.TokenRevoked, "Found in a notebook.")
	w.expect("revoked", []string{"Found in a notebook.", "for good"}, "bob@example.org: acme: your access token robot is revoked")
	decide(c.ID, hub.TokenRevoked, "again")
	w.expect("revoked twice", nil)

	// A token that speaks of a repository follows it into the organization.
	w.Token("bob.one", "bob", hub.Token{Kind: hub.TokenFineGrained, Scopes: []hub.Scope{w.Scope(hub.EntityModel, "alice/public", hub.PermRepoContentRead)}})
	repo, _, err := w.DB.RepoByName(w.ctx, hub.RepoID{Type: hub.Model, Namespace: "alice", Name: "public"})
	w.check(err)
	w.expect("elsewhere", nil)
	w.check(w.DB.MoveRepo(w.ctx, repo.ID, hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "public"}, w.Scope(hub.EntityOrg, "acme").EntityID, hub.Event{}))
	w.expect("moved in", nil,
		append(everyAdmin("An access token of bob waits for approval in acme"), "bob@example.org: acme has to approve access tokens of yours: 1")...)
	for _, x := range w.smtp.Mails() {
		if strings.Contains(x.Text, c.Value.Reveal()) {
			t.Error("a mail carries a token")
		}
	}
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
