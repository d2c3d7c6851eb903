package httpd

import "slices"

// routeIndex finds the routes that a path can belong to by its first segment, since most requests are about a repository
// and most routes are not. It keeps the order in which routes were added, which is that in which they are tried. The zero
// value has no routes.
type routeIndex struct {
	first map[string][]*route // those that begin with that segment, and those below
	any   []*route            // those that begin with a variable, or have no segments
}

func (x *routeIndex) add(rt *route) {
	if segs := rt.pattern.segs; len(segs) > 0 && segs[0].literal != "" {
		if x.first == nil {
			x.first = map[string][]*route{}
		}
		list, known := x.first[segs[0].literal]
		if !known {
			list = slices.Clone(x.any)
		}
		x.first[segs[0].literal] = append(list, rt)
		return
	}
	x.any = append(x.any, rt)
	for first, list := range x.first {
		x.first[first] = append(list, rt)
	}
}

// candidates returns the routes that may match, in their order.
func (x *routeIndex) candidates(segs []string) []*route {
	if len(segs) > 0 {
		if list, ok := x.first[segs[0]]; ok {
			return list
		}
	}
	return x.any
}
