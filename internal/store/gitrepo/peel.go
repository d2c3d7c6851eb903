package gitrepo

import (
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// peeled is what a tag leads to, and the tags on the way.
type peeled struct {
	target hub.OID
	kind   object.Kind
	tags   []hub.OID
}

// peeledWeight is the memory in bytes for one of them and for one of its tags.
const peeledWeight = 60

// peel follows tags to what they name, and returns the tags on the way. A tag is read once, however often a client names it.
func (g *graph) peel(oid hub.OID) (target hub.OID, kind object.Kind, tags []hub.OID, err error) {
	if p, ok := g.tags[oid]; ok {
		return p.target, p.kind, p.tags, nil
	}
	target, kind, tags, err = g.follow(oid)
	if err == nil && len(tags) > 0 {
		if g.tags == nil {
			g.tags = map[hub.OID]peeled{}
		}
		g.tags[oid] = peeled{target, kind, tags}
	}
	return target, kind, tags, err
}

func (g *graph) follow(oid hub.OID) (target hub.OID, kind object.Kind, tags []hub.OID, err error) {
	for range maxTagDepth + 1 {
		kind, ok := g.v.kind(oid)
		if !ok {
			return oid, 0, tags, fmt.Errorf("%w: %s of repository %s", errMissing, oid, g.v.repo)
		}
		if kind != object.KindTag {
			return oid, kind, tags, nil
		}
		tags = append(tags, oid)
		data, err := g.v.read(oid, object.KindTag)
		if err != nil {
			return oid, 0, tags, err
		}
		tag, err := object.ParseTag(data)
		if err != nil {
			return oid, 0, tags, fmt.Errorf("tag %s: %w", oid, err)
		}
		oid = tag.Target
	}
	return oid, 0, tags, hub.Errorf(hub.Unprocessable, "The tag %s is a tag of a tag too many times over.", oid)
}
