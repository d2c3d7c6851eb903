package hubapi_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

var nextLink = regexp.MustCompile(`^<([^>]+)>; rel="next"$`)

var noEnd time.Time

// Lists of access requests come in pages that follow on one another, each state for itself, also while requests change
// their state in between.
func TestRequestPages(t *testing.T) {
	h := startOrgs(t)
	form := hub.RepoID{Type: hub.Model, Namespace: "acme", Name: "form"}
	repo, _, err := h.DB.RepoByName(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	const people = 25
	for i := range people {
		u := h.User(fmt.Sprintf("person%02d", i))
		if _, err := h.DB.AskGate(t.Context(), repo.ID, u.ID, nil, false, hub.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	base := h.URL + form.APIPath() + "/user-access-request/"
	page := func(url string) (names []string, next string) {
		t.Helper()
		status, header, body := get(t, h, "bob.write", url)
		var list []struct {
			User struct{ User string }
		}
		if status != 200 || json.Unmarshal(body, &list) != nil {
			t.Fatalf("%s: %d %s", url, status, body)
		}
		for _, x := range list {
			names = append(names, x.User.User)
		}
		if m := nextLink.FindStringSubmatch(header.Get("Link")); m != nil {
			next = m[1]
		}
		return names, next
	}
	var got []string
	for url, n := base+"pending?limit=10", 0; url != ""; n++ {
		names, next := page(url)
		got = append(got, names...)
		if n == 0 {
			if len(names) != 10 || next == "" {
				t.Fatalf("the first page: %d names, next %q", len(names), next)
			}
			// One that was shown and one that was not are decided: the pages that follow miss the second and nothing else.
			for _, who := range []string{"person03", "person20"} {
				u, err := h.DB.UserByName(t.Context(), who)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := h.DB.DecideGate(t.Context(), repo.ID, hub.GateUser, u.ID, hub.GateAccepted, "", "", noEnd, hub.Event{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		url = next
	}
	if len(got) != people-1 || got[0] != "person00" || got[19] != "person19" || got[20] != "person21" {
		t.Errorf("the pages together: %d %v", len(got), got)
	}
	if names, next := page(base + "accepted"); len(names) != 2 || next != "" {
		t.Errorf("accepted: %v, next %q", names, next)
	}
	if names, _ := page(base + "rejected?limit=10"); len(names) != 0 {
		t.Errorf("rejected: %v", names)
	}
	if status, _, _ := get(t, h, "bob.write", base+"pending?cursor=x"); status != 400 {
		t.Errorf("a cursor that is none: %d", status)
	}
}
