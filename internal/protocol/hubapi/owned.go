package hubapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/repos"
)

// ownedRequest asks for all repositories of a namespace with their storage; "" is the caller's own.
type ownedRequest struct {
	namespace string
	types     []hub.RepoType
	search    string
	byStorage bool
	ascending bool
	limit     int
	from      int
}

// Needs says that the caller must be allowed to list everything in the namespace.
func (q ownedRequest) Needs() []access.Need {
	return []access.Need{{Action: access.NamespaceListAll, Target: access.Namespace(q.namespace)}}
}

func parseOwned(r *httpd.Request) (q ownedRequest, err error) {
	v := r.URL.Query()
	if r.Subject.IsAnonymous() && r.Param("org") == "" {
		return q, access.NeedsCredential()
	}
	q = ownedRequest{namespace: r.Param("org"), types: hub.RepoTypes, search: v.Get("search")}
	if err := checkFilters(q.search); err != nil {
		return q, err
	}
	if t := v.Get("type"); t != "" {
		one, err := hub.ParseRepoType(t)
		if err != nil {
			return q, err
		}
		q.types = []hub.RepoType{one}
	}
	switch v.Get("sort") {
	case "", "updatedAt":
	case "storage":
		q.byStorage = true
	default:
		return q, hub.Errorf(hub.InvalidInput, "Unknown sort: use storage or updatedAt.")
	}
	switch v.Get("direction") {
	case "", "-1", "desc":
	case "1", "asc":
		q.ascending = true
	default:
		return q, hub.Errorf(hub.InvalidInput, "Unknown direction: use asc or desc.")
	}
	if q.from, err = r.QueryInt("skip", 0, 0, repos.MaxOwned); err != nil {
		return q, err
	}
	q.limit, err = pageSize(r, 100, 1000)
	return q, err
}

type ownedEntry struct {
	ID         string         `json:"id"`
	Type       hub.RepoType   `json:"type"`
	UpdatedAt  string         `json:"updatedAt"`
	Visibility hub.Visibility `json:"visibility"`
	Storage    int64          `json:"storage"`
	Percent    float64        `json:"storagePercent"`
}

// listOwned lists what a namespace owns and how much room it takes.
// Source: huggingface_hub hf_api.py, list_user_repos.
func (a *API) listOwned(w http.ResponseWriter, r *httpd.Request, q ownedRequest, g access.Grant) error {
	all, err := a.Repos.Owned(r.Context(), g, q.types, q.search)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, o := range all {
		total += o.Bytes
	}
	slices.SortFunc(all, func(x, y repos.Owned) int {
		c := cmp.Compare(y.Updated, x.Updated)
		if q.byStorage {
			c = cmp.Compare(y.Bytes, x.Bytes)
		}
		if c == 0 {
			c = strings.Compare(string(y.ID), string(x.ID))
		}
		if q.ascending {
			return -c
		}
		return c
	})
	from, to := min(q.from, len(all)), min(q.from+q.limit, len(all))
	out := make([]ownedEntry, 0, to-from)
	for _, o := range all[from:to] {
		e := ownedEntry{ID: o.FullName(), Type: o.Type, UpdatedAt: date(time.UnixMilli(o.Updated)), Visibility: o.Visibility, Storage: o.Bytes}
		if total > 0 {
			e.Percent = 100 * float64(o.Bytes) / float64(total)
		}
		out = append(out, e)
	}
	if to < len(all) {
		setNext(w, r, strings.TrimSuffix(r.URL.EscapedPath(), "/"), map[string]string{"skip": strconv.Itoa(to)})
	}
	httpd.WriteJSON(w, http.StatusOK, out)
	return nil
}
