package gitrepo

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

// graph is the part of a view's history that one walk has looked at. It keeps of a commit only what walking needs.
type graph struct {
	slots
	ctx   context.Context
	nodes []node
	of    map[int]int32    // node by slot
	cut   map[hub.OID]bool // commits whose parents are not followed; nil: none
	read  cursor
	pace  pace.Pacer
	tags  map[hub.OID]peeled // of peel
}

// node is a commit.
type node struct {
	oid     hub.OID
	tree    hub.OID
	slot    int
	date    int64
	parents []int32 // nodes; only after expand
	raw     []hub.OID
	flags   uint8
}

const (
	flagExpanded uint8 = 1 << iota
	flagKnown          // reachable from what the receiver has
	flagListed
	flagQueued
)

func newGraph(ctx context.Context, v *view, cut map[hub.OID]bool) *graph {
	return &graph{slots: numbered(v), ctx: ctx, of: map[int]int32{}, cut: cut, read: newCursor()}
}

// commit returns the node of a commit; errMissing if there is none of that id.
func (g *graph) commit(oid hub.OID) (int32, error) {
	slot, number, pos, ok := g.find(oid)
	if !ok || g.v.packs[number].Kind(pos) != object.KindCommit {
		return 0, fmt.Errorf("%w: commit %s of repository %s", errMissing, oid, g.v.repo)
	}
	if n, ok := g.of[slot]; ok {
		return n, nil
	}
	g.pace.Step()
	if len(g.nodes)&255 == 0 {
		if err := g.ctx.Err(); err != nil {
			return 0, err
		}
	}
	data, err := g.read.object(g.v.packs[number].Pack, number, pos)
	if err != nil {
		return 0, err
	}
	n := node{oid: oid, slot: slot}
	if n.tree, n.raw, n.date, err = object.Links(data); err != nil {
		return 0, fmt.Errorf("commit %s: %w", oid, err)
	}
	if g.cut[oid] {
		n.raw = nil
	}
	i := int32(len(g.nodes))
	g.nodes, g.of[slot] = append(g.nodes, n), i
	return i, nil
}

// parents returns the nodes of a commit's parents.
func (g *graph) parents(i int32) ([]int32, error) {
	if n := &g.nodes[i]; n.flags&flagExpanded != 0 || len(n.raw) == 0 {
		return n.parents, nil
	}
	var ps []int32
	for _, oid := range g.nodes[i].raw {
		p, err := g.commit(oid)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	n := &g.nodes[i]
	n.parents, n.flags = ps, n.flags|flagExpanded
	return ps, nil
}

// queueOf is a heap of nodes, the newest first.
type queueOf struct {
	g    *graph
	list []int32
}

func (q *queueOf) Len() int { return len(q.list) }
func (q *queueOf) Less(i, j int) bool {
	a, b := &q.g.nodes[q.list[i]], &q.g.nodes[q.list[j]]
	if a.date != b.date {
		return a.date > b.date
	}
	return bytes.Compare(a.oid[:], b.oid[:]) < 0
}
func (q *queueOf) Swap(i, j int) { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *queueOf) Push(x any)    { q.list = append(q.list, x.(int32)) }
func (q *queueOf) Pop() any {
	last := len(q.list) - 1
	x := q.list[last]
	q.list = q.list[:last]
	return x
}

// slop is how many known commits are looked at after the last unknown one, in case dates are not in order.
const slop = 64

// between returns the commits that are reachable from wants and not from haves, parents before children, as nodes. When
// commits carry wrong dates it may return some that are reachable from haves too, never too few.
func (g *graph) between(wants, haves []hub.OID) ([]int32, error) {
	w := &between{g: g, queue: queueOf{g: g}}
	for _, oid := range haves {
		i, err := g.commit(oid)
		if err != nil {
			return nil, err
		}
		if err := w.known(i); err != nil {
			return nil, err
		}
		w.enqueue(i)
	}
	for _, oid := range wants {
		i, err := g.commit(oid)
		if err != nil {
			return nil, err
		}
		w.enqueue(i)
	}
	if err := w.run(); err != nil {
		return nil, err
	}
	return g.oldestFirst(w.list)
}

type between struct {
	g     *graph
	queue queueOf
	open  int // nodes in queue that are not known
	list  []int32
}

func (w *between) enqueue(i int32) {
	n := &w.g.nodes[i]
	if n.flags&flagQueued != 0 {
		return
	}
	n.flags |= flagQueued
	if n.flags&flagKnown == 0 {
		w.open++
	}
	heap.Push(&w.queue, i)
}

// known marks a commit, and its ancestors as far as they have been looked at.
func (w *between) known(i int32) error {
	stack := []int32{i}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		n := &w.g.nodes[i]
		if n.flags&flagKnown != 0 {
			continue
		}
		n.flags |= flagKnown
		if n.flags&flagQueued != 0 && n.flags&flagListed == 0 {
			w.open--
		}
		stack = append(stack, n.parents...)
	}
	return nil
}

func (w *between) run() error {
	for left := slop; w.queue.Len() > 0; {
		if w.open == 0 {
			if left--; left < 0 {
				return nil
			}
		}
		i := heap.Pop(&w.queue).(int32)
		n := &w.g.nodes[i]
		known := n.flags&flagKnown != 0
		if !known {
			w.open--
			w.list = append(w.list, i)
		}
		n.flags |= flagListed
		ps, err := w.g.parents(i)
		if known && errors.Is(err, errMissing) {
			continue // garbage that is not whole here; the receiver says that it has it, and what it leads to
		}
		if err != nil {
			return err
		}
		for _, p := range ps {
			if known {
				if err := w.known(p); err != nil {
					return err
				}
			}
			w.enqueue(p)
		}
	}
	return nil
}

// oldestFirst returns those nodes of a list that are not known, each behind its parents.
func (g *graph) oldestFirst(list []int32) ([]int32, error) {
	in := make(map[int32]int, len(list)) // parents to come before it; -1: placed
	for _, i := range list {
		if g.nodes[i].flags&flagKnown == 0 {
			in[i] = 0
		}
	}
	out := make([]int32, 0, len(in))
	placed := make(map[int32]bool, len(in))
	var stack []int32
	for k := len(list) - 1; k >= 0; k-- {
		if _, ok := in[list[k]]; !ok || placed[list[k]] {
			continue
		}
		stack = append(stack[:0], list[k])
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			next := in[i]
			ps := g.nodes[i].parents
			for next < len(ps) {
				if _, ok := in[ps[next]]; ok && !placed[ps[next]] {
					break
				}
				next++
			}
			in[i] = next
			if next < len(ps) {
				stack = append(stack, ps[next])
				continue
			}
			placed[i] = true
			out = append(out, i)
			stack = stack[:len(stack)-1]
		}
	}
	return out, nil
}

// towards calls f with commits that are reachable from tips, the newest first, until f returns false or all that are left
// are older than oldest by a day, in case dates are not in order.
func (g *graph) towards(tips []hub.OID, oldest int64, f func(hub.OID) bool) error {
	const day = 24 * 60 * 60
	q := &queueOf{g: g}
	add := func(i int32) {
		if n := &g.nodes[i]; n.flags&flagQueued == 0 {
			n.flags |= flagQueued
			heap.Push(q, i)
		}
	}
	for _, oid := range tips {
		target, kind, _, err := g.peel(oid)
		if err != nil {
			return err
		}
		if kind != object.KindCommit {
			continue
		}
		i, err := g.commit(target)
		if err != nil {
			return err
		}
		add(i)
	}
	for q.Len() > 0 {
		i := heap.Pop(q).(int32)
		if n := &g.nodes[i]; n.date < oldest-day || !f(n.oid) {
			return nil
		}
		ps, err := g.parents(i)
		if err != nil {
			return err
		}
		for _, p := range ps {
			add(p)
		}
	}
	return nil
}
