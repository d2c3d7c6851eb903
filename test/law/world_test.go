package law

import (
	"bufio"
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/testkit"
)

const tables = "../../internal/access/testdata/"

var ctx = context.Background()

// world is the one of world.txt in a real store.
type world struct {
	*testkit.Hub
	t       *testing.T
	users   map[string]hub.User
	orgs    map[string]hub.ID
	groups  map[string]hub.ID // "org/name"
	repos   map[string]hub.Repo
	service map[string]hub.ServiceAccount
	tokens  map[string]string // values by row
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func lines(t *testing.T, file string) (out []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if line := strings.TrimSpace(sc.Text()); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func newWorld(t *testing.T, h *testkit.Hub) *world {
	w := &world{Hub: h, t: t, users: map[string]hub.User{}, orgs: map[string]hub.ID{}, groups: map[string]hub.ID{},
		repos: map[string]hub.Repo{}, service: map[string]hub.ServiceAccount{}, tokens: map[string]string{}}
	w.users["keeper"] = h.User("keeper") // the first admin of every organization, of whom no row speaks
	all := lines(t, tables+"world.txt")
	order := []string{"user", "org", "member", "group", "repo", "service", "rules", "gate", "moved"}
	slices.SortStableFunc(all, func(a, b string) int {
		return slices.Index(order, strings.Fields(a)[0]) - slices.Index(order, strings.Fields(b)[0])
	})
	for _, line := range all {
		f := strings.Fields(line)
		switch f[0] {
		case "user":
			w.users[f[1]] = h.User(f[1])
		case "org":
			w.orgs[f[1]] = h.Org(f[1], "keeper").ID
		case "member":
			role, err := hub.ParseRole(f[3])
			w.must(err)
			h.Member(f[1], f[2], role)
		case "group":
			w.group(f)
		case "repo":
			w.repo(f)
		case "service":
			a := hub.ServiceAccount{ID: hub.NewID(), OrgID: w.orgs[f[1]], OrgName: f[1], Name: f[2]}
			w.must(h.DB.CreateServiceAccount(ctx, a, hub.Event{}))
			w.service[f[2]] = a
		case "rules":
			w.rules(f)
		case "gate":
			w.gate(f)
		case "moved":
			w.moved(f)
		}
	}
	return w
}

func (w *world) group(f []string) {
	g := hub.ResourceGroup{ID: hub.NewID(), OrgID: w.orgs[f[1]], Name: f[2]}
	var members []hub.GroupMember
	for _, m := range f[3:] {
		name, role, _ := strings.Cut(m, "=")
		r, err := hub.ParseRole(role)
		w.must(err)
		members = append(members, hub.GroupMember{UserID: w.users[name].ID, Role: r})
	}
	w.must(w.DB.CreateGroup(ctx, g, members, hub.Event{}))
	w.groups[f[1]+"/"+f[2]] = g.ID
}

func (w *world) repo(f []string) {
	id, err := hub.ParseRepoID(hub.RepoType(f[1]), f[2])
	w.must(err)
	r := hub.Repo{ID: hub.NewID(), RepoID: id, Visibility: hub.Visibility(f[3]), CreatorID: w.users[id.Namespace].ID}
	if r.NamespaceID = w.orgs[id.Namespace]; r.NamespaceID == "" {
		r.NamespaceID = w.users[id.Namespace].ID
	}
	if r.Type == hub.Space {
		r.SDK = "static"
	}
	for _, fact := range f[4:] {
		key, value, _ := strings.Cut(fact, "=")
		switch key {
		case "gated":
			r.Gated = hub.GateAuto
		case "disabled":
			r.Disabled = true
		case "members_gated":
			r.MembersGated = true
		case "creator":
			r.CreatorID = w.users[value].ID
		case "group":
			r.GroupID = w.groups[id.Namespace+"/"+value]
		}
	}
	w.must(w.DB.CreateRepo(ctx, r, hub.Publication{ID: hub.NewID()}, hub.Event{}))
	w.repos[f[1]+":"+f[2]] = r
}

func (w *world) rules(f []string) {
	w.must(w.DB.ChangeOrgRules(ctx, w.orgs[f[1]], hub.Event{}, func(r *hub.OrgRules) (string, error) {
		for _, fact := range f[2:] {
			key, value, _ := strings.Cut(fact, "=")
			switch key {
			case "policy":
				r.Tokens = hub.TokenPolicy(value)
			case "ips":
				r.IPRanges = append(r.IPRanges, netip.MustParsePrefix(value))
			case "ssh":
				r.SSH = hub.SSHRule(value)
			case "private_only":
				r.PrivateOnly = true
			case "creation":
				role, err := hub.ParseRole(value)
				if err != nil {
					return "", err
				}
				r.GroupCreation = role
			}
		}
		return "", nil
	}))
}

func (w *world) gate(f []string) {
	repo, kind, who := w.repos[f[1]+":"+f[2]].ID, hub.GateUser, w.users[f[3]].ID
	if a, ok := w.service[f[3]]; ok {
		kind, who = hub.GateService, a.ID
	}
	until := time.Time{}
	if f[4] == "over" {
		until = time.Now().Add(-time.Second)
	}
	w.must(w.DB.GrantGate(ctx, repo, kind, who, "", until, hub.Event{}))
	if to := hub.GateState(f[4]); to != hub.GateAccepted && f[4] != "over" {
		_, err := w.DB.DecideGate(ctx, repo, kind, who, to, "", "", time.Time{}, hub.Event{})
		w.must(err)
	}
}

// moved gives a repository the old name and then its own, which leaves the old one behind.
func (w *world) moved(f []string) {
	r := w.repos[f[1]+":"+f[3]]
	ns, name, _ := strings.Cut(f[2], "/")
	home := r.NamespaceID
	old := hub.RepoID{Type: r.Type, Namespace: ns, Name: name}
	w.must(w.DB.MoveRepo(ctx, r.ID, old, w.orgs[ns], hub.Event{}))
	w.must(w.DB.MoveRepo(ctx, r.ID, r.RepoID, home, hub.Event{}))
	if r.GroupID != "" {
		w.must(w.DB.SetRepoGroup(ctx, r.ID, r.GroupID, hub.Event{}))
	}
}

// credential makes the token of a row's second column and returns its value. ok is false for what this door does not
// know: sessions, SSH keys, the operator, requests from elsewhere.
func (w *world) credential(who, column string) (value string, ok bool) {
	if who == "anonymous" {
		return "", true
	}
	words := strings.Split(column, ",")
	kind := words[0]
	for _, x := range words[1:] {
		if fact, _, _ := strings.Cut(x, "="); fact == "from" || x == "skip" {
			return "", false
		}
	}
	if who == "operator" || kind == "session" || kind == "ssh" || who == "sue" {
		return "", false
	}
	if v, made := w.tokens[who+" "+column]; made {
		return v, true
	}
	defer func() { w.tokens[who+" "+column] = value }()
	if a, isService := w.service[who]; isService {
		return w.serviceToken(a, strings.Trim(strings.TrimPrefix(kind, "service"), "[]")), true
	}
	t := hub.Token{Kind: hub.TokenKind(kind)}
	if strings.HasPrefix(kind, "fg") {
		t.Kind = hub.TokenFineGrained
		w.scope(&t, strings.Trim(strings.TrimPrefix(kind, "fg"), "[]"))
	}
	if slices.Contains(words, "expired") {
		t.ExpiresAt = time.Now().Add(-time.Second)
	}
	name := who + " " + column
	value = w.Token(name, who, t)
	id := w.tokenID(value)
	if slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, "pending=strict") }) && who == "ann" {
		return "", false // what an admin makes is approved at once
	}
	for _, x := range words[1:] {
		fact, org, _ := strings.Cut(x, "=")
		switch state := hub.TokenState(fact); {
		case x == "revoked":
			w.must(w.DB.RevokeToken(ctx, id, "deleted", time.Time{}, hub.Event{}))
		case state == hub.TokenApproved || state == hub.TokenDenied || state == hub.TokenRevoked:
			// Where nothing waits for approval there is nothing to approve, and the row says that it has no effect.
			_, err := w.DB.DecideToken(ctx, id, w.orgs[org], state, "", "", hub.Event{})
			if err != nil && !hub.Is(err, hub.Conflict) && !hub.Is(err, hub.NotFound) {
				w.must(err)
			}
		}
	}
	return value, true
}

func (w *world) tokenID(value string) hub.ID {
	w.t.Helper()
	_, digest := w.Keys.TokenDigest(secret.New(value))
	f, err := w.DB.TokenFacts(ctx, digest)
	w.must(err)
	return f.Token.ID
}

func permissions(list string) (ps []hub.Permission) {
	for _, p := range strings.Split(list, "+") {
		if p != "" {
			ps = append(ps, hub.Permission(p))
		}
	}
	return ps
}

func (w *world) scope(t *hub.Token, spec string) {
	for _, entry := range strings.Split(spec, ";") {
		switch entry {
		case "":
		case "gated":
			t.CanReadGated = true
		case "discuss":
			t.Global = []hub.Permission{hub.PermDiscussionWrite}
		default:
			what, perms, _ := strings.Cut(entry, "=")
			typ, name, _ := strings.Cut(what, ":")
			sc := hub.Scope{EntityType: hub.EntityType(typ), EntityID: w.repos[what].ID, EntityName: name, Permissions: permissions(perms)}
			switch sc.EntityType {
			case hub.EntityGroup:
				sc.EntityID = w.groups[name]
			case hub.EntityOrg:
				sc.EntityID = w.orgs[name]
			case hub.EntityUser:
				sc.EntityID = w.users[name].ID
			}
			t.Scopes = append(t.Scopes, sc)
		}
	}
}

func (w *world) serviceToken(a hub.ServiceAccount, spec string) string {
	st := hub.ServiceToken{ID: hub.NewID(), AccountID: a.ID, Name: "row"}
	for _, entry := range strings.Split(spec, ";") {
		what, perms, _ := strings.Cut(entry, "=")
		if r, ok := w.repos[what]; ok {
			st.Repos, st.RepoPermissions = append(st.Repos, r.ID), permissions(perms)
		} else {
			st.Permissions = permissions(perms)
		}
	}
	value := tokenfmt.ForInstance(testkit.Instance).Generate()
	kid, digest := w.Keys.TokenDigest(secret.New(value))
	w.must(w.DB.CreateServiceToken(ctx, st, kid, digest, hub.Event{}))
	return value
}
