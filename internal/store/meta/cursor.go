package meta

import (
	"encoding/base64"
	"encoding/json"

	"github.com/ambit-hub/ambit/internal/hub"
)

// cursor says after which row a page begins: the value that rows are sorted by, and the id that decides between equal
// ones. Clients see it as opaque text. It needs no seal, because it can only say where to begin: what is shown is
// decided anew for each page.
type cursor struct {
	Sort  hub.RepoSort `json:"s"`
	ID    hub.ID       `json:"i"`
	Count int64        `json:"n"` // all orders but SortID
	Name  string       `json:"k"` // SortID
}

const maxCursor = 1024 // bytes of the text

func cursorAfter(sort hub.RepoSort, r hub.Repo) cursor {
	c := cursor{Sort: sort, ID: r.ID}
	switch sort {
	case hub.SortCreated:
		c.Count = micros(r.CreatedAt)
	case hub.SortModified:
		c.Count = micros(r.UpdatedAt)
	case hub.SortDownloads:
		c.Count = r.Downloads
	case hub.SortLikes:
		c.Count = r.Likes
	case hub.SortTrending:
		c.Count = r.Trending
	case hub.SortID:
		c.Name = hub.NameKey(r.FullName())
	}
	return c
}

func (c cursor) value() any {
	if c.Sort == hub.SortID {
		return c.Name
	}
	return c.Count
}

func (c cursor) String() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads what String wrote for a listing of the same order; InvalidInput for anything else.
func parseCursor(sort hub.RepoSort, s string) (c cursor, err error) {
	bad := hub.Errorf(hub.InvalidInput, "This cursor does not belong to this listing.")
	if len(s) > maxCursor {
		return c, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || json.Unmarshal(b, &c) != nil || c.Sort != sort {
		return cursor{}, bad
	}
	if _, err := hub.ParseID(string(c.ID)); err != nil {
		return cursor{}, bad
	}
	return c, nil
}
