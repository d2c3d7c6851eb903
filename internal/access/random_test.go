package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// drawWorld makes a random world, large enough that memberships and scopes are searched and not only scanned.
func drawWorld(t *rapid.T) (*world, *Subject, hub.SubjectFacts) {
	w := newWorld()
	user := w.addUser("alice")
	w.addUser("bob")
	names := []string{"alice", "bob"}
	roles := []hub.Role{hub.RoleNone, hub.RoleNoAccess, hub.RoleRead, hub.RoleContributor, hub.RoleWrite, hub.RoleAdmin}
	for i := range rapid.IntRange(0, 40).Draw(t, "orgs") {
		name := fmt.Sprintf("org%d", i)
		w.addOrg(name)
		names = append(names, name)
		if role := rapid.SampledFrom(roles).Draw(t, "role"); role != hub.RoleNone {
			w.addMember(name, "alice", role)
		}
	}
	drawOrgs(t, w, names)
	for i := range rapid.IntRange(1, 60).Draw(t, "repos") {
		space := rapid.SampledFrom(names).Draw(t, "namespace")
		w.addRepo(hub.Repo{
			RepoID:       hub.RepoID{Type: rapid.SampledFrom(hub.RepoTypes).Draw(t, "type"), Namespace: space, Name: fmt.Sprintf("r%d", i/2)},
			GroupID:      drawGroup(t, w, space),
			MembersGated: rapid.Bool().Draw(t, "members gated"),
			Visibility:   rapid.SampledFrom([]hub.Visibility{hub.Public, hub.Private, hub.Private}).Draw(t, "visibility"),
			Gated:        rapid.SampledFrom([]hub.GateMode{hub.Ungated, hub.GateManual}).Draw(t, "gated"),
			Disabled:     rapid.IntRange(0, 9).Draw(t, "disabled") == 0,
			CreatorID:    rapid.SampledFrom([]hub.ID{user.ID, w.users["bob"].ID, ""}).Draw(t, "creator"),
		})
	}
	s, f := drawSubject(t, w, names)
	return w, s, f
}

// drawOrgs gives organizations rules and groups.
func drawOrgs(t *rapid.T, w *world, names []string) {
	for _, n := range names[2:] {
		if org := w.spaces[n].ID; rapid.IntRange(0, 2).Draw(t, "ruled") == 0 {
			r := hub.OrgRules{OrgID: org, GroupCreation: hub.RoleAdmin, PrivateOnly: rapid.Bool().Draw(t, "private only")}
			r.Tokens = rapid.SampledFrom([]hub.TokenPolicy{hub.AllowAllTokens, hub.FineGrainedOnly, hub.RequireApproval}).Draw(t, "policy")
			if rapid.IntRange(0, 3).Draw(t, "networks") == 0 {
				r.IPRanges = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
			}
			w.rules[org] = r
		}
		for g := range rapid.IntRange(0, 3).Draw(t, "groups") {
			role := rapid.SampledFrom([]hub.Role{hub.RoleNone, hub.RoleNoAccess, hub.RoleRead, hub.RoleWrite, hub.RoleAdmin}).Draw(t, "role in the group")
			w.addGroup(n, fmt.Sprintf("g%d", g), "alice", role)
		}
	}
}

func drawGroup(t *rapid.T, w *world, space string) hub.ID {
	in := []hub.ID{""}
	for _, g := range w.groups {
		if g.OrgName == space {
			in = append(in, g.ID)
		}
	}
	return rapid.SampledFrom(in).Draw(t, "group")
}

// drawGates lets the subject stand somewhere before some gates, more than once before a few.
func drawGates(t *rapid.T, w *world, f *hub.SubjectFacts) {
	for _, k := range sortedRepos(w) {
		for range rapid.IntRange(0, 2).Draw(t, "gates") {
			f.Gates = append(f.Gates, hub.GateGrant{
				RepoID: w.repos[k].ID, Kind: rapid.SampledFrom([]hub.GateSubject{hub.GateUser, hub.GateOrg}).Draw(t, "kind of admission"),
				State: rapid.SampledFrom([]hub.GateState{hub.GateNone, hub.GatePending, hub.GateAccepted, hub.GateRejected, hub.GateReset}).Draw(t, "standing"),
				Until: rapid.SampledFrom([]time.Time{{}, spaceNow, spaceNow.Add(time.Hour)}).Draw(t, "until"),
			})
		}
	}
}

func drawSubject(t *rapid.T, w *world, names []string) (*Subject, hub.SubjectFacts) {
	f := w.facts("alice")
	rapidShuffle(t, f.Memberships)
	rapidShuffle(t, f.Groups)
	drawGates(t, w, &f)
	switch kind := rapid.SampledFrom([]string{"anonymous", "session", "read", "write", "fg", "fg", "fg"}).Draw(t, "kind"); kind {
	case "anonymous":
		return Anonymous(), hub.SubjectFacts{}
	case "session":
	case "fg":
		f.Token = &hub.Token{ID: w.id(), UserID: f.User.ID, Kind: hub.TokenFineGrained}
		f.Token.CanReadGated = rapid.Bool().Draw(t, "gated flag")
		for _, n := range names {
			if ns := w.spaces[n]; rapid.IntRange(0, 1).Draw(t, "scoped") == 1 {
				typ := hub.EntityOrg
				if ns.Kind == hub.UserNamespace {
					typ = hub.EntityUser
				}
				f.Token.Scopes = append(f.Token.Scopes, hub.Scope{EntityType: typ, EntityID: ns.ID, NamespaceID: ns.ID, Permissions: drawAtoms(t)})
			}
		}
		for _, k := range sortedRepos(w) {
			if r := w.repos[k]; rapid.IntRange(0, 2).Draw(t, "override") == 0 {
				f.Token.Scopes = append(f.Token.Scopes, hub.Scope{EntityType: hub.EntityType(r.Type), EntityID: r.ID, NamespaceID: r.NamespaceID, GroupID: r.GroupID, Permissions: drawAtoms(t)})
			}
		}
		for _, g := range w.groups {
			if rapid.IntRange(0, 2).Draw(t, "group entry") == 0 {
				f.Token.Scopes = append(f.Token.Scopes, hub.Scope{EntityType: hub.EntityGroup, EntityID: g.ID, NamespaceID: g.OrgID, GroupID: g.ID, Permissions: drawAtoms(t)})
			}
		}
		rapidShuffle(t, f.Token.Scopes)
	default:
		f.Token = &hub.Token{ID: w.id(), UserID: f.User.ID, Kind: hub.TokenKind(kind)}
	}
	if f.Token != nil {
		for _, r := range f.Rules {
			f.Grants = append(f.Grants, hub.TokenGrant{TokenID: f.Token.ID, OrgID: r.OrgID, State: rapid.SampledFrom(
				[]hub.TokenState{hub.TokenNone, hub.TokenPending, hub.TokenApproved, hub.TokenApproved, hub.TokenDenied, hub.TokenRevoked}).Draw(t, "decided")})
		}
	}
	from := rapid.SampledFrom([]string{"10.0.0.1", "192.0.2.1"}).Draw(t, "address")
	return NewSubject(f, Credential{}).From(netip.MustParseAddr(from)), f
}

func rapidShuffle[T any](t *rapid.T, s []T) {
	for i := len(s) - 1; i > 0; i-- {
		j := rapid.IntRange(0, i).Draw(t, "shuffle")
		s[i], s[j] = s[j], s[i]
	}
}

func drawAtoms(t *rapid.T) []hub.Permission {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(hub.RepoPermissions), 0, 3, rapid.ID).Draw(t, "atoms")
}

func sortedRepos(w *world) []string {
	keys := make([]string, 0, len(w.repos))
	for k := range w.repos {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// shows reads a condition as store/meta does, one repository at a time.
func shows(v hub.Visible, r hub.Repo) bool {
	in := slices.Contains(v.Namespaces, r.NamespaceID)
	if r.GroupID != "" {
		in = slices.Contains(v.Groups, r.GroupID) || slices.Contains(v.AllGroups, r.NamespaceID) && !slices.Contains(v.ExceptGroups, r.GroupID)
	}
	return v.Everything || r.Visibility == hub.Public || in && !slices.Contains(v.Except, r.ID) || slices.Contains(v.Repos, r.ID)
}

// TestListingEqualsDeciding: a listing shows exactly what deciding RepoView allows.
func TestListingEqualsDeciding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s, _ := drawWorld(t)
		az := NewAuthorizer(w, Options{})
		v := s.Visible()
		for _, k := range sortedRepos(w) {
			r := w.repos[k]
			_, err := az.Authorize(context.Background(), s, Need{RepoView, Repo(r.RepoID)})
			if listed, allowed := shows(v, r), err == nil; listed != allowed {
				t.Fatalf("%s %s: listed %v, decided %v", r.Visibility, k, listed, err)
			}
		}
	})
}

// TestListingsOfTheWorld: the same for everybody of the tables with every token, at hand for each change.
func TestListingsOfTheWorld(t *testing.T) {
	w := readWorld(t)
	tokens := append([]string{
		"fg[resource-group:house/lab=repo.content.read]", "fg[org:house=repo.content.read;resource-group:house/lab=]", "fg[org:house=repo.content.read;model:house/labs=]",
	}, everyToken...)
	for who := range w.users {
		for _, token := range tokens {
			s := w.subject(t, who, token)
			v := s.Visible()
			for k, r := range w.repos {
				o := objectOf(&r)
				st := abstract(s, &o, spaceNow)
				if !st.has(stateLive) {
					continue // who asks for listings is live
				}
				if listed, decided := shows(v, r), RepoView.allowedBy(allowed(st)); listed != decided {
					t.Errorf("%s with %s, %s: listed %v, decided %v", who, token, k, listed, decided)
				}
			}
		}
	}
	// The operator's tools name what there is; what is in it they do not open.
	if v := Operator().Visible(); !v.Everything {
		t.Errorf("the operator lists %+v", v)
	}
}

// TestAbstractAgainstNaive compares lookups in sorted lists with a plain search through the facts.
func TestAbstractAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s, f := drawWorld(t)
		for _, k := range sortedRepos(w) {
			r := w.repos[k]
			o := objectOf(&r)
			if got, want := abstract(s, &o, spaceNow), naive(s, f, r); got != want {
				t.Fatalf("%s: got %#x, want %#x", k, got, want)
			}
		}
	})
}

func naive(s *Subject, f hub.SubjectFacts, r hub.Repo) State {
	st := s.base() | State(objectOf(&r).flags)
	rel := outsider
	switch {
	case s.IsAnonymous():
		rel = nobody
	case r.NamespaceID == f.User.ID:
		rel = owner
	}
	for _, m := range f.Memberships {
		if m.OrgID == r.NamespaceID {
			rel = memberNoAccess + relation(m.Role-hub.RoleNoAccess)
			st |= naiveRules(s, f, m.OrgID)
		}
	}
	st |= State(rel) << relationShift
	for _, g := range f.Groups {
		if g.GroupID == r.GroupID {
			st |= State(g.Role) << groupShift
		}
	}
	if r.CreatorID != "" && r.CreatorID == f.User.ID {
		st |= stateCreator
	}
	if st.has(stateGated) {
		st |= State(naiveStanding(f, r)) << standingShift
	}
	if s.Kind() != KindFineGrained {
		return st
	}
	return st | naiveScopes(f, r)
}

func naiveRules(s *Subject, f hub.SubjectFacts, org hub.ID) (st State) {
	for _, x := range f.Rules {
		if x.OrgID == org {
			st |= State(slices.Index([]hub.TokenPolicy{hub.AllowAllTokens, hub.FineGrainedOnly, hub.RequireApproval}, x.Tokens)) << policyShift
			if x.Tokens == hub.RequireApproval {
				st |= stateNoSSH
			}
			if x.PrivateOnly {
				st |= statePrivateOnly
			}
			if len(x.IPRanges) > 0 && s.Addr() != netip.MustParseAddr("10.0.0.1") {
				st |= stateOutsideNetwork
			}
		}
	}
	for _, x := range f.Grants {
		if x.OrgID == org {
			st |= State(slices.Index([]hub.TokenState{hub.TokenNone, hub.TokenPending, hub.TokenApproved, hub.TokenDenied, hub.TokenRevoked}, x.State)) << verdictedShift
		}
	}
	return st
}

func naiveStanding(f hub.SubjectFacts, r hub.Repo) (best standing) {
	for _, g := range f.Gates {
		if g.RepoID != r.ID {
			continue
		}
		over := !g.Until.IsZero() && !spaceNow.Before(g.Until)
		switch {
		case g.State == hub.GateRejected && g.Kind == hub.GateUser:
			return standRejected
		case g.State == hub.GateAccepted && !over:
			best = standAccepted
		case g.State == hub.GateAccepted:
			best = max(best, standOver)
		case g.State == hub.GateReset && g.Kind == hub.GateUser:
			best = max(best, standReset)
		case g.State == hub.GatePending && g.Kind == hub.GateUser:
			best = max(best, standPending)
		}
	}
	return best
}

func naiveScopes(f hub.SubjectFacts, r hub.Repo) (st State) {
	if f.Token.CanReadGated {
		st |= stateReadGated
	}
	at, lv := atoms(0), levelNone
	for _, sc := range f.Token.Scopes {
		foreign := sc.EntityType == hub.EntityUser && sc.EntityID != f.User.ID
		if sc.EntityID == r.NamespaceID && !foreign {
			at, lv = naiveAtoms(sc), levelNamespace
		}
	}
	if at&atomWrite != 0 {
		st |= stateNamespaceWrite
	}
	for _, sc := range f.Token.Scopes {
		if sc.EntityID == r.GroupID {
			at, lv = naiveAtoms(sc), levelGroup
		}
	}
	for _, sc := range f.Token.Scopes {
		if sc.EntityID == r.ID {
			at, lv = naiveAtoms(sc), levelRepo
		}
	}
	return st | State(lv)<<levelShift | State(at)<<atomShift
}

func naiveAtoms(sc hub.Scope) (a atoms) {
	for i, p := range []hub.Permission{hub.PermRepoContentRead, hub.PermRepoAccessRead, hub.PermRepoWrite, hub.PermDiscussionWrite} {
		if slices.Contains(sc.Permissions, p) {
			a |= 1 << i
		}
	}
	return a
}

// TestHiddenEqualsMissing: taking away everything that a caller cannot see changes no answer by a byte,
// whatever is asked about whatever name.
func TestHiddenEqualsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s, _ := drawWorld(t)
		less := newWorld()
		less.users, less.spaces, less.members, less.rules, less.groups = w.users, w.spaces, w.members, w.rules, w.groups
		for k, r := range w.repos {
			if shows(s.Visible(), r) {
				less.repos[k] = r
			}
		}
		for i, k := range sortedRepos(w) {
			if i%3 == 0 { // an old name of it
				old := hub.RepoID{Type: w.repos[k].Type, Namespace: w.repos[k].Namespace, Name: fmt.Sprintf("was%d", i)}
				w.moved[nameKey(old)] = w.repos[k].RepoID
				if _, ok := less.repos[k]; ok {
					less.moved[nameKey(old)] = w.repos[k].RepoID
				}
				compareWorlds(t, w, less, s, old)
			}
			compareWorlds(t, w, less, s, w.repos[k].RepoID)
		}
		compareGroups(t, w, less, s)
	})
}

// compareGroups asks about every group in the world and in one without those that the caller is not in.
func compareGroups(t *rapid.T, w, less *world, s *Subject) {
	less.groups = nil
	for _, g := range w.groups {
		if _, err := NewAuthorizer(w, Options{}).Authorize(context.Background(), s, Need{GroupRead, Group(g.OrgName, g.ID)}); err == nil {
			less.groups = append(less.groups, g)
		}
	}
	for _, g := range w.groups {
		o := objectOfGroup(g.OrgID, g.ID)
		if decide(abstract(s, &o, noTime)).Role&bitGroupRead != 0 {
			continue // known to the person, whatever the credential
		}
		for _, a := range []Action{GroupRead, GroupManage, GroupSettings, GroupDelete} {
			_, errA := NewAuthorizer(w, Options{}).Authorize(context.Background(), s, Need{a, Group(g.OrgName, g.ID)})
			_, errB := NewAuthorizer(less, Options{}).Authorize(context.Background(), s, Need{a, Group(g.OrgName, g.ID)})
			if !reflect.DeepEqual(errA, errB) {
				t.Fatalf("%s on a group: %v with everything, %v without what cannot be seen", a, errA, errB)
			}
		}
	}
}

func compareWorlds(t *rapid.T, a, b *world, s *Subject, id hub.RepoID) {
	for act := NoAction + 1; act < numActions; act++ {
		for _, target := range []Target{Repo(id), NewRepo(id)} {
			need := Need{act, target}
			_, errA := NewAuthorizer(a, Options{}).Authorize(context.Background(), s, need)
			_, errB := NewAuthorizer(b, Options{}).Authorize(context.Background(), s, need)
			if !reflect.DeepEqual(errA, errB) {
				t.Fatalf("%s on %s: %v with everything, %v without what cannot be seen", act, id, errA, errB)
			}
		}
	}
}

// TestUnknownNamespaceReadsLikeAForeignOne: no right and no such namespace differ in the name alone.
func TestUnknownNamespaceReadsLikeAForeignOne(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	for _, token := range []string{"read", "write", "session", "fg", "fg[user:bob=repo.write]"} {
		s := w.subject(t, "bob", token)
		var said []string
		for _, ns := range []string{"acme", "nosu", "alice"} {
			_, err := az.Authorize(context.Background(), s, Need{RepoCreate, NewRepo(hub.RepoID{Type: hub.Model, Namespace: ns, Name: "x"})})
			var e *hub.Error
			if !errors.As(err, &e) || e.Code != hub.Forbidden {
				t.Fatalf("%s in %s: %v", token, ns, err)
			}
			said = append(said, e.Reason+strings.ReplaceAll(e.Message, ns, "NS"))
		}
		if said[0] != said[1] || said[1] != said[2] {
			t.Errorf("%s: answers differ: %q", token, said)
		}
	}
}
