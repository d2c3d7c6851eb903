package access

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestPolicyComesFirst: a trace begins with what an organization asks of the credential, exactly where it asks and the
// credential is live.
func TestPolicyComesFirst(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	first, not := 0, 0
	for who := range w.users {
		for _, token := range everyToken {
			s := w.subject(t, who, token)
			for _, r := range w.repos {
				for _, a := range []Action{RepoView, RepoWrite, RepoPublish} {
					tr, err := az.Trace(context.Background(), s, Need{a, Repo(r.RepoID)})
					if err != nil {
						t.Fatal(err)
					}
					layers := map[string]LayerTrace{}
					for _, l := range tr.Layers {
						layers[l.Layer] = l
					}
					asks := layers["credential"].Allows && !layers["policy"].Allows && len(s.Restrictions(r.NamespaceID)) > 0
					f := tr.First
					if asks {
						first++
					} else {
						not++
					}
					if asks != (f.Layer == "policy" && f.What == layers["policy"].Says && f.Where != "") || !asks && f.Layer+f.What+f.Where != "" {
						t.Fatalf("%s with %s, %s of %s: first %q %q %q, policy %+v", who, token, a, r.RepoID, f.Layer, f.What, f.Where, layers["policy"])
					}
				}
			}
		}
	}
	if first < 100 || not < 100 {
		t.Errorf("%d times first, %d times not", first, not)
	}
}

// TestEveryActionHasWords: none is called by the word for what nobody knows.
func TestEveryActionHasWords(t *testing.T) {
	words := func(a Action) string {
		d := denial{given: &given{need: Need{a, Repo(hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "bert"})}, repo: &noRepo}}
		return d.doing()
	}
	for _, a := range Actions() {
		if a != PublicRoute && words(a) == "This" {
			t.Errorf("%s has no words", a)
		}
	}
	for a, want := range map[Action]string{RepoList: "Listing repositories", Action(200): "This"} {
		if got := words(a); got != want {
			t.Errorf("%s: %q", a, got)
		}
	}
}

// TestRevokedTokensAreMadeAnew: what a revoked fine-grained token lacks besides goes into the new one. Of other kinds it is
// told as ever.
func TestRevokedTokensAreMadeAnew(t *testing.T) {
	w := readWorld(t)
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	for token, anew := range map[string]bool{
		"read,revoked=acme": false, "fg[org:acme=repo.content.read],revoked=acme": true, "fg[org:acme=repo.content.read],denied=strict": false,
	} {
		r := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "secret"}
		tr, err := az.Trace(context.Background(), w.subject(t, "will", token), Need{RepoWrite, Repo(r)})
		if err != nil {
			t.Fatal(err)
		}
		found, told := false, false
		for _, c := range tr.Changes {
			if c.Layer == "token" {
				told, found = true, found || strings.Contains(c.Where, "new token")
			}
		}
		if !told || found != anew {
			t.Errorf("%s: %+v", token, tr.Changes)
		}
	}
}

// TestRolesOfOthersInGroups: a role in a resource group is spoken of where it counts, which is neither with admins nor with
// those who are no members any more.
func TestRolesOfOthersInGroups(t *testing.T) {
	w := readWorld(t)
	id := w.group("acme", "left")
	az := NewAuthorizer(w, Options{Now: func() time.Time { return spaceNow }})
	acme := w.spaces["acme"].ID
	for _, c := range []struct {
		who  string
		role hub.Role // in acme, none for no member
		want string
	}{{"a member", hub.RoleRead, "resource group"}, {"an admin", hub.RoleAdmin, "role in acme: admin, ok"}, {"nobody there", hub.RoleNone, "not a member"}} {
		f := hub.SubjectFacts{User: hub.User{ID: hub.NewID(), Name: "gert"}}
		if c.role != hub.RoleNone {
			f.Memberships = []hub.Member{{OrgID: acme, OrgName: "acme", UserID: f.User.ID, Role: c.role}}
		}
		f.Groups = []hub.GroupMember{{GroupID: id, OrgID: acme, UserID: f.User.ID, Role: hub.RoleAdmin}}
		tr, err := az.Trace(context.Background(), NewSubject(f, Credential{}), Need{GroupRead, Group("acme", id)})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range tr.Layers {
			if l.Layer == "role" && !strings.Contains(l.Says, c.want) {
				t.Errorf("%s: %q", c.who, l.Says)
			}
		}
	}
}
