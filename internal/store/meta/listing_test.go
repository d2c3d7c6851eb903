package meta

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/hub"
)

// TestListingAgainstModel makes hubs at random and compares pages of every size, order and filter with what a plain
// filter over all rows says.
func TestListingAgainstModel(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		n := 0
		var all []hub.Repo
		var spaces []hub.ID
		var groups []hub.ResourceGroup
		rapid.Check(t, func(rt *rapid.T) {
			n++
			if n%10 == 1 { // a larger hub now and then, many questions to each
				var owner hub.ID
				if n%20 == 1 {
					owner = addUser(t, db, fmt.Sprintf("u_%d", n)).ID
				} else {
					owner = addOrg(t, db, fmt.Sprintf("org.%d", n), spaces[0]).ID
					for i := range 2 {
						g := hub.ResourceGroup{ID: hub.NewID(), OrgID: owner, Name: fmt.Sprintf("g%d", i)}
						must(t, db.CreateGroup(ctx, g, nil, hub.Event{}))
						groups = append(groups, g)
					}
				}
				spaces = append(spaces, owner)
				for i := range rapid.IntRange(1, 12).Draw(rt, "repositories") {
					all = append(all, randomRepo(t, rt, db, rapid.SampledFrom(spaces).Draw(rt, "owner"), groups, fmt.Sprintf("r%d-%d", n, i)))
				}
			}
			q := randomQuery(rt, all, spaces, groups)
			want := naiveListing(q, all)
			var got []hub.ID
			for pages := 0; ; pages++ {
				page, next, err := db.ListRepos(ctx, q)
				must(t, err)
				if len(page) > q.Limit || (next != "" && len(page) < q.Limit) || pages > len(all) {
					rt.Fatalf("page of %d with limit %d, next %q", len(page), q.Limit, next)
				}
				for _, r := range page {
					got = append(got, r.ID)
				}
				if next == "" {
					break
				}
				q.Cursor = next
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%s, %+v:\n got %v\nwant %v", db.Engine(), q, got, want)
			}
		})
	})
}

// randomRepo has few different values, so that many rows tie.
func randomRepo(t *testing.T, rt *rapid.T, db *DB, owner hub.ID, groups []hub.ResourceGroup, name string) hub.Repo {
	in := []hub.ID{""}
	for _, g := range groups {
		if g.OrgID == owner {
			in = append(in, g.ID)
		}
	}
	r := addRepo(t, db, owner, name+rapid.SampledFrom([]string{"", "_x", "-X", ".50"}).Draw(rt, "suffix"), func(r *hub.Repo) {
		r.Type = rapid.SampledFrom(hub.RepoTypes).Draw(rt, "type")
		r.GroupID = rapid.SampledFrom(in).Draw(rt, "group")
		r.Visibility = rapid.SampledFrom([]hub.Visibility{hub.Public, hub.Private, hub.Protected}).Draw(rt, "visibility")
		r.Gated = rapid.SampledFrom([]hub.GateMode{hub.Ungated, hub.GateAuto, hub.GateManual}).Draw(rt, "gated")
		r.CreatedAt = time.UnixMicro(int64(rapid.IntRange(1, 3).Draw(rt, "created"))).UTC()
	})
	card := hub.Card{PipelineTag: rapid.SampledFrom([]string{"", "text", "image"}).Draw(rt, "task"),
		Tags: slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "license:mit"}), 0, 3, rapid.ID).Draw(rt, "tags")))}
	_, err := db.Publish(ctx, hub.Publication{RepoID: r.ID, Card: &card,
		Event: hub.Event{At: time.UnixMicro(int64(rapid.IntRange(4, 6).Draw(rt, "updated")))}})
	must(t, err)
	must(t, db.CountDownloads(ctx, map[hub.ID]int64{r.ID: int64(rapid.IntRange(0, 2).Draw(rt, "downloads"))}))
	r, err = db.RepoByID(ctx, r.ID)
	must(t, err)
	return r
}

func randomQuery(rt *rapid.T, all []hub.Repo, spaces []hub.ID, groups []hub.ResourceGroup) hub.RepoQuery {
	sorts := []hub.RepoSort{"", hub.SortCreated, hub.SortModified, hub.SortDownloads, hub.SortLikes, hub.SortTrending, hub.SortID}
	var ids, gids []hub.ID
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	for _, g := range groups {
		gids = append(gids, g.ID)
	}
	some := func(ids []hub.ID, what string) []hub.ID {
		if len(ids) == 0 {
			return nil
		}
		return rapid.SliceOfN(rapid.SampledFrom(ids), 0, 4).Draw(rt, what)
	}
	q := hub.RepoQuery{
		Type:        rapid.SampledFrom([]hub.RepoType{"", hub.Model, hub.Dataset, hub.Space}).Draw(rt, "type"),
		Search:      rapid.SliceOfN(rapid.SampledFrom([]string{"u_", "R1", "x", "_", ".5", "%", `\`, "-", "1/r", "org.", ""}), 0, 2).Draw(rt, "search"),
		Tags:        rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "license:mit", "A"}), 0, 2).Draw(rt, "tags"),
		PipelineTag: rapid.SampledFrom([]string{"", "", "text"}).Draw(rt, "task"),
		Sort:        rapid.SampledFrom(sorts).Draw(rt, "sort"),
		Limit:       rapid.IntRange(1, 7).Draw(rt, "limit"),
		Visible: hub.Visible{
			Everything: rapid.IntRange(0, 4).Draw(rt, "everything") == 0,
			Namespaces: some(spaces, "namespaces"), Except: some(ids, "except"), Repos: some(ids, "repos"),
			AllGroups: some(spaces, "all groups"), Groups: some(gids, "groups"), ExceptGroups: some(gids, "except groups"),
		},
	}
	if rapid.IntRange(0, 3).Draw(rt, "by author") == 0 && len(all) > 0 {
		q.Author = strings.ToUpper(rapid.SampledFrom(all).Draw(rt, "author").Namespace)
	}
	if g := rapid.IntRange(0, 3).Draw(rt, "gated"); g < 2 {
		gated := g == 1
		q.Gated = &gated
	}
	return q
}

func naiveListing(q hub.RepoQuery, all []hub.Repo) []hub.ID {
	var hits []hub.Repo
	for _, r := range all {
		v := q.Visible
		in := slices.Contains(v.Namespaces, r.NamespaceID)
		if r.GroupID != "" {
			in = slices.Contains(v.Groups, r.GroupID) || slices.Contains(v.AllGroups, r.NamespaceID) && !slices.Contains(v.ExceptGroups, r.GroupID)
		}
		ok := v.Everything || r.Visibility == hub.Public || slices.Contains(v.Repos, r.ID) || in && !slices.Contains(v.Except, r.ID)
		ok = ok && (q.Type == "" || r.Type == q.Type)
		ok = ok && (q.Author == "" || strings.EqualFold(q.Author, r.Namespace))
		ok = ok && (q.PipelineTag == "" || r.Card.PipelineTag == q.PipelineTag)
		ok = ok && (q.Gated == nil || *q.Gated == (r.Gated != hub.Ungated))
		for _, s := range q.Search {
			ok = ok && strings.Contains(strings.ToLower(r.FullName()), strings.ToLower(s))
		}
		for _, tag := range q.Tags {
			ok = ok && slices.Contains(r.Card.Tags, tag)
		}
		if ok {
			hits = append(hits, r)
		}
	}
	key := func(a, b hub.Repo) int {
		switch q.Sort {
		case hub.SortCreated:
			return a.CreatedAt.Compare(b.CreatedAt)
		case hub.SortModified:
			return a.UpdatedAt.Compare(b.UpdatedAt)
		case hub.SortDownloads:
			return cmp.Compare(a.Downloads, b.Downloads)
		case hub.SortLikes:
			return cmp.Compare(a.Likes, b.Likes)
		case hub.SortID:
			return cmp.Compare(strings.ToLower(a.FullName()), strings.ToLower(b.FullName()))
		}
		return cmp.Compare(a.Trending, b.Trending)
	}
	slices.SortFunc(hits, func(a, b hub.Repo) int { return -cmp.Or(key(a, b), cmp.Compare(a.ID, b.ID)) })
	var ids []hub.ID
	for _, r := range hits {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestListingWhileRowsChange holds what paging promises: rows that stay as they are come exactly once.
func TestListingWhileRowsChange(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		alice := addUser(t, db, "alice")
		var steady []hub.ID
		for i := range 9 {
			r := addRepo(t, db, alice.ID, fmt.Sprintf("r%d", i))
			if i%3 != 0 {
				steady = append(steady, r.ID)
			}
		}
		seen := map[hub.ID]int{}
		q := hub.RepoQuery{Limit: 2, Sort: hub.SortCreated}
		for i := 0; ; i++ {
			page, next, err := db.ListRepos(ctx, q)
			must(t, err)
			for _, r := range page {
				seen[r.ID]++
				if !slices.Contains(steady, r.ID) {
					must(t, db.DeleteRepo(ctx, r.ID, hub.Event{}))
				}
			}
			addRepo(t, db, alice.ID, fmt.Sprintf("new%d", i))
			if q.Cursor = next; next == "" {
				break
			}
		}
		for _, id := range steady {
			if seen[id] != 1 {
				t.Errorf("%s came %d times", id, seen[id])
			}
		}
	})
}

// TestLongLists binds more ids than an engine allows parameters.
func TestLongLists(t *testing.T) {
	both(t, func(t *testing.T, db *DB) {
		w := makeWorld(t, db)
		ids := []hub.ID{w.private.ID}
		for range 100_000 {
			ids = append(ids, hub.NewID())
		}
		repos, _, err := db.ListRepos(ctx, hub.RepoQuery{Limit: 10, Visible: hub.Visible{Repos: ids, Namespaces: ids, Except: ids[1:]}})
		must(t, err)
		if len(repos) != 2 {
			t.Errorf("%d repositories", len(repos))
		}
		term := strings.Repeat("a", 1<<17)
		repos, _, err = db.ListRepos(ctx, hub.RepoQuery{Limit: 10, Search: []string{term}})
		must(t, err)
		if len(repos) != 0 {
			t.Errorf("%d repositories", len(repos))
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(cursorAfter(hub.SortLikes, hub.Repo{ID: hub.NewID(), Likes: 3}).String())
	f.Add("")
	f.Add("e30")
	f.Fuzz(func(t *testing.T, s string) {
		for sort := range sortColumns {
			c, err := parseCursor(sort, s)
			if err != nil {
				wantCode(t, err, hub.InvalidInput)
				continue
			}
			if again, err := parseCursor(sort, c.String()); err != nil || again != c {
				t.Errorf("%+v became %+v (%v)", c, again, err)
			}
		}
	})
}
