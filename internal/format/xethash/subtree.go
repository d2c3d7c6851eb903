package xethash

// Subtree is the Merkle tree over a run of a file's chunks, folded as far as it can be without knowing what lies before and
// behind: of each level, the nodes whose groups may depend on neighbours stay as they are. Joined with the subtrees of the
// runs beside it, it gives the hash of the file, in memory that grows with the logarithm of the run.
//
// Source: xet-core xet_core_structures/src/merklehash/merkle_hash_subtree.rs; @huggingface/xetchunk-wasm
// src/merkle-hash-subtree.ts, which reads the JSON that the protocol has of it.
type Subtree struct {
	Nodes   []Leaf   // what stays on the left, level by level upwards, then what stays on the right, downwards
	Levels  [][2]int // how many nodes stay left and right of each level
	AtStart bool     // the run begins the file
	AtEnd   bool     // the run ends it
}

// SubtreeOf folds a run of chunks. That of no chunks has no nodes.
func SubtreeOf(chunks []Leaf, atStart, atEnd bool) Subtree {
	s := Subtree{AtStart: atStart, AtEnd: atEnd}
	var rights [][]Leaf
	keep := func(left, right []Leaf) {
		s.Nodes = append(s.Nodes, left...)
		s.Levels = append(s.Levels, [2]int{len(left), len(right)})
		rights = append(rights, right)
	}
	openLeft, openRight := !atStart, !atEnd // whether something below or beside this level is not known
	for level := chunks; ; {
		from, to := settled(level, openLeft, openRight)
		up := groups(level[from:to])
		keep(level[:from], level[to:])
		openLeft, openRight = openLeft || from > 0, openRight || to < len(level)
		if len(up) == 1 {
			keep(up, nil)
		}
		if len(up) <= 1 {
			break
		}
		level = up
	}
	for i := len(rights) - 1; i >= 0; i-- {
		s.Nodes = append(s.Nodes, rights[i]...)
	}
	return s
}

// settled returns the part of a level whose groups are the same whatever comes before and behind. Where nothing is, nodes stay
// on the left.
func settled(level []Leaf, openLeft, openRight bool) (from, to int) {
	if len(level) <= 1 {
		return len(level), len(level)
	}
	to = len(level)
	if openLeft {
		if from = firstBoundary(level); from < 0 {
			return len(level), len(level)
		}
	}
	if openRight {
		n := lastBoundary(level[from:])
		if to = from + n; n <= 0 {
			return len(level), len(level)
		}
	}
	return from, to
}

// ends tells whether a group may end after a node.
func ends(n Leaf) bool { return n.Hash.last()%branching == 0 }

// apart tells whether two nodes that may end groups are so far from each other that the second does end one if the first did,
// and if none did shortly before.
func apart(a, b int) bool { return b-a >= minGroup && b-a < maxGroup-1 }

// firstBoundary finds the first place where a group begins whatever comes before: behind the second of three nodes in a row
// that may end groups and are well apart. -1: there is none.
func firstBoundary(level []Leaf) int {
	a, b := -1, -1
	for i, n := range level {
		if !ends(n) {
			continue
		}
		if a >= 0 && apart(a, b) && apart(b, i) {
			return b + 1
		}
		a, b = b, i
	}
	return -1
}

// lastBoundary finds the last such place, looking from the end. -1: there is none.
func lastBoundary(level []Leaf) int {
	b, c := -1, -1
	for i := len(level) - 1; i >= 0; i-- {
		if !ends(level[i]) {
			continue
		}
		if c >= 0 && apart(i, b) && apart(b, c) {
			return b + 1
		}
		b, c = i, b
	}
	return -1
}

// groups folds nodes of one level into those of the next.
func groups(nodes []Leaf) (up []Leaf) {
	var t Tree
	for len(nodes) > 0 {
		n := min(len(nodes), maxGroup)
		for i := minGroup; i < n; i++ {
			if ends(nodes[i-1]) {
				n = i
			}
		}
		up = append(up, t.node(nodes[:n]))
		nodes = nodes[n:]
	}
	return up
}
