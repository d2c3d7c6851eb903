package hub

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name string
		repo bool // may name a repository
		ns   bool // may name a user or an organization
	}{
		{"hub.js", true, true},
		{"__ci__", true, true},
		{"a", true, true},
		{"9", true, true},
		{"A-b.c_D", true, true},
		{strings.Repeat("x", 96), true, true},
		{strings.Repeat("x", 97), false, false},
		{"", false, false},
		{"-a", false, false},
		{"a-", false, false},
		{".a", false, false},
		{"a.", false, false},
		{"a--b", false, false},
		{"a..b", false, false},
		{"a.git", false, false},
		{"a.GIT", false, false},
		{"a b", false, false},
		{"a/b", false, false},
		{"ü", false, false},
		{"a\x00b", false, false},
		{"a\n", false, false},
		{"datasets", true, false},
		{"API", true, false},
		{"Login", true, false},
	} {
		if got := CheckRepoName(c.name) == nil; got != c.repo {
			t.Errorf("CheckRepoName(%q) ok = %v, want %v", c.name, got, c.repo)
		}
		err := CheckNamespace(c.name)
		if got := err == nil; got != c.ns {
			t.Errorf("CheckNamespace(%q) ok = %v, want %v", c.name, got, c.ns)
		}
		if err != nil && CodeOf(err) != InvalidInput {
			t.Errorf("CheckNamespace(%q) code = %s", c.name, CodeOf(err))
		}
	}
}

func TestIDsSortByTime(t *testing.T) {
	base := time.UnixMilli(1_800_000_000_000)
	prev := ID("")
	seen := map[ID]bool{}
	for i := range 1000 {
		id := NewIDAt(base.Add(time.Duration(i) * time.Millisecond))
		if _, err := ParseID(string(id)); err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if id <= prev || seen[id] {
			t.Fatalf("%q does not follow %q", id, prev)
		}
		prev, seen[id] = id, true
	}
	for _, bad := range []string{"", "0123", strings.Repeat("g", 24), strings.Repeat("A", 24), strings.Repeat("a", 25)} {
		if _, err := ParseID(bad); !Is(err, InvalidInput) {
			t.Errorf("ParseID(%q) = %v", bad, err)
		}
	}
}

func TestDigestsAndOIDs(t *testing.T) {
	if _, err := ParseDigest(strings.Repeat("a1", 32)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", strings.Repeat("A1", 32), "sha256:" + strings.Repeat("a", 57), strings.Repeat("a", 63)} {
		if _, err := ParseDigest(bad); !Is(err, InvalidInput) {
			t.Errorf("ParseDigest(%q) = %v", bad, err)
		}
	}
	o, err := ParseOID("DEADBEEF" + strings.Repeat("0", 32))
	if err != nil || o.String() != "deadbeef"+strings.Repeat("0", 32) || o.IsZero() {
		t.Errorf("ParseOID: %v %v", o, err)
	}
	if _, err := ParseOID("dead"); !Is(err, InvalidInput) {
		t.Error(err)
	}
	if !ZeroOID.IsZero() {
		t.Error("the zero oid is not zero")
	}
}

func TestRepoIDs(t *testing.T) {
	for _, c := range []struct {
		typ  RepoType
		web  string
		api  string
		want string
	}{
		{Model, "/acme/m", "/api/models/acme/m", "acme/m"},
		{Dataset, "/datasets/acme/m", "/api/datasets/acme/m", "datasets/acme/m"},
		{Space, "/spaces/acme/m", "/api/spaces/acme/m", "spaces/acme/m"},
	} {
		id, err := ParseRepoID(c.typ, "acme/m")
		if err != nil || id.WebPath() != c.web || id.APIPath() != c.api || id.String() != c.want {
			t.Errorf("%s: %v %q %q %q", c.typ, err, id.WebPath(), id.APIPath(), id.String())
		}
	}
	for _, bad := range []string{"", "gpt2", "/m", "acme/", "a/b/c"} {
		if _, err := ParseRepoID(Model, bad); !Is(err, InvalidInput) {
			t.Errorf("ParseRepoID(%q) = %v", bad, err)
		}
	}
}

func TestRolesRiseAndParse(t *testing.T) {
	for r := RoleNoAccess; r <= RoleAdmin; r++ {
		got, err := ParseRole(r.String())
		if err != nil || got != r {
			t.Errorf("ParseRole(%s) = %v, %v", r, got, err)
		}
	}
	for _, bad := range []string{"", "none", "owner", "Admin"} {
		if _, err := ParseRole(bad); !Is(err, InvalidInput) {
			t.Errorf("ParseRole(%q) = %v", bad, err)
		}
	}
}

func TestPermissionsOfAnEntity(t *testing.T) {
	if err := CheckPermissions(EntityOrg, OrgPermissions); err != nil {
		t.Error(err)
	}
	err := CheckPermissions(EntityModel, []Permission{PermRepoWrite, PermOrgWrite, PermJobWrite})
	if !Is(err, InvalidInput) || !strings.Contains(err.Error(), "org.write") || !strings.Contains(err.Error(), "job.write") {
		t.Errorf("all wrong atoms at once: %v", err)
	}
	if err := CheckPermissions("bucket", nil); !Is(err, InvalidInput) {
		t.Error(err)
	}
}

func TestErrorCodesSurviveWrapping(t *testing.T) {
	cause := errors.New("disk on fire")
	err := fmt.Errorf("saving: %w", Wrap(cause, Conflict, "Taken."))
	if CodeOf(err) != Conflict || !errors.Is(err, cause) || !Is(err, Conflict) {
		t.Errorf("%v has code %s", err, CodeOf(err))
	}
	if CodeOf(cause) != Internal || CodeOf(nil) != "" || Is(nil, "") {
		t.Error("other errors are internal, nil has no code")
	}
	if Conflict.Wire() != "" || RepoNotFound.Wire() != "RepoNotFound" {
		t.Error("only the codes that clients compare are sent")
	}
}

// TestPermissionsAreListedForPeople: sentences name permissions with commas between them, and what a caller wrote in quotes.
func TestPermissionsAreListedForPeople(t *testing.T) {
	err := CheckPermissions(EntityModel, []Permission{PermOrgRead, "no\nne"})
	const want = `A scope on a model cannot carry "org.read", "no\nne"; allowed are repo.content.read, repo.access.read, discussion.write, repo.write.`
	if err == nil || err.Error() != want && !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
