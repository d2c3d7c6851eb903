package gitrepo

import (
	"context"
	"math"
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// InfiniteDepth asks for the whole history. Source: git's commit.h, INFINITE_DEPTH.
const InfiniteDepth = math.MaxInt32

// DeepenRequest says how much history a receiver wants. At most one of Depth and Since with Not is used.
type DeepenRequest struct {
	Wants    []hub.OID
	Tips     []hub.OID // of all refs
	Shallow  []hub.OID // commits whose parents the receiver lacks
	Depth    int       // commits from the tips; 0: not limited
	Relative bool      // Depth counts from Shallow
	Since    int64     // commits before that second are left out; 0: not limited
	Not      []hub.OID // what they lead to is left out
}

func (q DeepenRequest) byList() bool { return q.Since != 0 || len(q.Not) > 0 }

// Deepening is the new border of the receiver's history.
type Deepening struct {
	Shallow   []hub.OID // commits that become its border
	Unshallow []hub.OID // commits that no longer are
	Cut       []hub.OID // for SelectRequest
	Wants     []hub.OID // further ones, for SelectRequest
}

// Deepen works out the border. Without a limit the receiver keeps the border it has. Unprocessable when nothing is left.
// Source: git's Documentation/gitprotocol-pack, "Packfile Negotiation", and the behaviour of git upload-pack.
func (s *Snapshot) Deepen(ctx context.Context, q DeepenRequest) (Deepening, error) {
	v, done, err := s.use()
	if err != nil {
		return Deepening{}, err
	}
	defer done()
	d := deepener{g: newGraph(ctx, v, nil), q: q, inside: map[int32]bool{}, border: map[int32]bool{}}
	if d.shallow, err = d.commits(q.Shallow); err != nil {
		return Deepening{}, err
	}
	switch {
	case q.Depth == 0 && !q.byList():
		return Deepening{Cut: d.oids(d.shallow)}, nil
	case q.byList():
		err = d.list()
	default:
		err = d.count()
	}
	if err != nil {
		return Deepening{}, err
	}
	return d.result()
}

type deepener struct {
	g       *graph
	q       DeepenRequest
	shallow []int32        // the receiver's border
	inside  map[int32]bool // commits whose parents come along
	border  map[int32]bool // commits whose parents do not
	order   []int32        // of border
}

// commits returns the nodes of those ids that name commits, of the view or tags of such.
func (d *deepener) commits(oids []hub.OID) ([]int32, error) {
	var out []int32
	for _, oid := range oids {
		target, kind, _, err := d.g.peel(oid)
		if err != nil || kind != object.KindCommit {
			continue // a border in a part of the history that is gone here
		}
		i, err := d.g.commit(target)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func (d *deepener) oids(list []int32) []hub.OID {
	out := make([]hub.OID, len(list))
	for k, i := range list {
		out[k] = d.g.nodes[i].oid
	}
	return out
}

// count walks Depth commits from the tips.
func (d *deepener) count() error {
	heads, err := d.commits(d.q.Wants)
	if err != nil {
		return err
	}
	var kept map[int32]bool // commits whose parents the receiver has or gets in any case
	depth := d.q.Depth
	if depth >= InfiniteDepth {
		for _, i := range d.shallow {
			d.inside[i] = true
		}
		return nil
	}
	if d.q.Relative {
		// The border is deepened wherever it still leads to from here, whether it is wanted or not.
		tips, err := d.commits(d.q.Tips)
		if err != nil {
			return err
		}
		if kept, err = d.within(heads); err != nil {
			return err
		}
		if heads, err = d.reachable(tips, d.shallow); err != nil {
			return err
		}
		depth++
	}
	seen := map[int32]bool{}
	for level := 1; len(heads) > 0; level++ {
		var next []int32
		for _, i := range heads {
			if seen[i] {
				continue
			}
			seen[i] = true
			ps, err := d.g.parents(i)
			if err != nil {
				return err
			}
			if level >= depth {
				if !kept[i] {
					d.edge(i)
				}
				continue
			}
			d.inside[i] = true
			next = append(next, ps...)
		}
		heads = next
	}
	return nil
}

func (d *deepener) edge(i int32) {
	if !d.border[i] {
		d.border[i] = true
		d.order = append(d.order, i)
	}
}

// within returns what heads lead to before the receiver's border. History that it has by one way must not be cut because
// another way to it is longer; git did so until 2.54.
func (d *deepener) within(heads []int32) (map[int32]bool, error) {
	stop := make(map[int32]bool, len(d.shallow))
	for _, i := range d.shallow {
		stop[i] = true
	}
	in := map[int32]bool{}
	stack := slices.Clone(heads)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if in[i] || stop[i] {
			continue
		}
		in[i] = true
		ps, err := d.g.parents(i)
		if err != nil {
			return nil, err
		}
		stack = append(stack, ps...)
	}
	return in, nil
}

// reachable returns those of the commits that are ancestors of heads.
func (d *deepener) reachable(heads, commits []int32) ([]int32, error) {
	seen := map[int32]bool{}
	stack := slices.Clone(heads)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		ps, err := d.g.parents(i)
		if err != nil {
			return nil, err
		}
		stack = append(stack, ps...)
	}
	var out []int32
	for _, i := range commits {
		if seen[i] {
			out = append(out, i)
		}
	}
	return out, nil
}

// list walks as git rev-list does with a date and with exclusions.
func (d *deepener) list() error {
	var not, wants []hub.OID
	for _, l := range []struct {
		from []hub.OID
		to   *[]hub.OID
	}{{d.q.Not, &not}, {d.q.Wants, &wants}} {
		nodes, err := d.commits(l.from)
		if err != nil {
			return err
		}
		*l.to = d.oids(nodes)
	}
	list, err := d.g.between(wants, not)
	if err != nil {
		return err
	}
	if d.q.Since != 0 {
		list = d.since(list)
	}
	if len(list) == 0 {
		return hub.Errorf(hub.Unprocessable, "no commits selected for shallow requests")
	}
	in := make(map[int32]bool, len(list))
	for _, i := range list {
		in[i] = true
	}
	for _, i := range list {
		ps, err := d.g.parents(i)
		if err != nil {
			return err
		}
		outside := false
		for _, p := range ps {
			outside = outside || !in[p]
		}
		if outside {
			d.edge(i)
		} else {
			d.inside[i] = true
		}
	}
	return nil
}

// since drops commits that are too old, and all that they lead to, as git does.
func (d *deepener) since(list []int32) []int32 {
	old := map[int32]bool{}
	for k := len(list) - 1; k >= 0; k-- { // children before their parents
		i := list[k]
		if n := &d.g.nodes[i]; old[i] || n.date < d.q.Since {
			old[i] = true
			for _, p := range n.parents {
				old[p] = true
			}
		}
	}
	return slices.DeleteFunc(list, func(i int32) bool { return old[i] })
}

func (d *deepener) result() (Deepening, error) {
	out := Deepening{Cut: d.oids(d.shallow)}
	was := map[int32]bool{}
	for _, i := range d.shallow {
		was[i] = true
		if !d.inside[i] {
			continue
		}
		out.Unshallow = append(out.Unshallow, d.g.nodes[i].oid)
		ps, err := d.g.parents(i)
		if err != nil {
			return out, err
		}
		out.Wants = append(out.Wants, d.oids(ps)...)
	}
	for _, i := range d.order {
		if !was[i] && !d.inside[i] {
			out.Shallow = append(out.Shallow, d.g.nodes[i].oid)
			out.Cut = append(out.Cut, d.g.nodes[i].oid)
		}
	}
	return out, nil
}
