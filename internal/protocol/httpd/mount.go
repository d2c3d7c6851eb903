package httpd

import (
	"net/url"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Mount is the part of a path that stands before a route's own pattern.
type Mount uint8

// The mounts.
const (
	Root    Mount = iota // the pattern is the whole path
	RepoAPI              // below /api/{models|datasets|spaces}/{namespace}/{name}
	RepoWeb              // below /{namespace}/{name}, /datasets/…, /spaces/…, with or without ".git"
)

// location is a request path, read once.
type location struct {
	mount Mount
	repo  hub.RepoID // for the two repository mounts
	rest  []string   // decoded segments below the mount
}

// locate reads the raw, still encoded path, so that an encoded slash stays inside its segment.
// It returns a Root location and, when the path also lies below a repository, that location.
func locate(escapedPath string) (root location, repo *location, err error) {
	raw := splitPath(escapedPath)
	segs := make([]string, len(raw))
	for i, s := range raw {
		if segs[i], err = url.PathUnescape(s); err != nil {
			return root, nil, hub.Errorf(hub.InvalidInput, "The path is not valid percent-encoding.")
		}
	}
	root = location{mount: Root, rest: segs}
	return root, locateRepo(segs), nil
}

func locateRepo(segs []string) *location {
	mount := RepoWeb
	if len(segs) > 1 && segs[0] == "api" {
		mount, segs = RepoAPI, segs[1:]
		switch segs[0] { // the plurals
		case "models", "datasets", "spaces":
		default:
			return nil
		}
	}
	t := hub.Model
	if len(segs) > 0 {
		switch segs[0] {
		case "datasets":
			t, segs = hub.Dataset, segs[1:]
		case "spaces":
			t, segs = hub.Space, segs[1:]
		case "models":
			if mount == RepoWeb {
				return nil
			}
			segs = segs[1:]
		}
	}
	switch len(segs) {
	case 0:
		return nil
	case 1:
		// A one-segment id such as gpt2: the hub has no canonical repositories, so it names none.
		if mount != RepoAPI {
			return nil
		}
		return &location{mount: mount, repo: hub.RepoID{Type: t, Name: segs[0]}}
	}
	name := segs[1]
	if mount == RepoWeb {
		name = strings.TrimSuffix(name, ".git")
	}
	return &location{mount: mount, repo: hub.RepoID{Type: t, Namespace: segs[0], Name: name}, rest: segs[2:]}
}
