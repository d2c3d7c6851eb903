package githttp_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// history writes random histories in the format of git fast-import: branches and merges, files that move, come back and
// change their kind, submodules, tags of all kinds, and clocks that are wrong.
type history struct {
	r       *rand.Rand
	skew    bool // some clocks are wrong
	b       strings.Builder
	mark    int
	now     int64
	tips    map[string]int          // mark by branch
	trees   map[int]map[string]bool // paths by commit
	content []string                // of files so far, to be used again
}

func newHistory(seed uint64, skew bool) *history {
	return &history{
		skew: skew, r: rand.New(rand.NewPCG(seed, seed)), now: 1_700_000_000,
		tips: map[string]int{}, trees: map[int]map[string]bool{},
	}
}

// take returns the stream since the last call.
func (h *history) take() string {
	s := h.b.String()
	h.b.Reset()
	return s
}

func (h *history) text() string {
	if len(h.content) > 0 && h.r.IntN(4) == 0 {
		return h.content[h.r.IntN(len(h.content))]
	}
	var b strings.Builder
	for range h.r.IntN(60) {
		fmt.Fprintf(&b, "line %d of some text\n", h.r.IntN(1000))
	}
	h.content = append(h.content, b.String())
	return b.String()
}

func (h *history) path() string {
	parts := []string{"a", "b", "dir", "dir.x", "ünï", "with space", "z"}
	var p []string
	for range 1 + h.r.IntN(3) {
		p = append(p, parts[h.r.IntN(len(parts))])
	}
	return strings.Join(p, "/") + fmt.Sprintf("/f%d", h.r.IntN(8))
}

// commit adds a commit to a branch, perhaps a merge.
func (h *history) commit(branch string) {
	h.mark++
	me := h.mark
	h.now += int64(h.r.IntN(3600))
	date := h.now
	if h.skew && h.r.IntN(10) == 0 {
		date -= int64(h.r.IntN(200_000))
	}
	fmt.Fprintf(&h.b, "commit refs/heads/%s\nmark :%d\ncommitter C <c@example.org> %d +0100\ndata 2\nm\n\n", branch, me, date)
	files := map[string]bool{}
	tip := h.tips[branch]
	if tip != 0 {
		fmt.Fprintf(&h.b, "from :%d\n", tip)
		for p := range h.trees[tip] {
			files[p] = true
		}
		if h.r.IntN(4) == 0 {
			if other := 1 + h.r.IntN(me-1); other != tip {
				fmt.Fprintf(&h.b, "merge :%d\n", other)
			}
		}
	}
	for range h.r.IntN(5) {
		h.change(files)
	}
	h.b.WriteByte('\n')
	h.tips[branch], h.trees[me] = me, files
}

func (h *history) change(files map[string]bool) {
	p := h.path()
	for old := range files {
		switch h.r.IntN(6) {
		case 0:
			fmt.Fprintf(&h.b, "D %q\n", old)
			delete(files, old)
		case 1:
			fmt.Fprintf(&h.b, "C %q %q\n", old, p)
			files[p] = true
			return
		case 2:
			p = old
		}
		break
	}
	mode := []string{"100644", "100644", "100755", "120000"}[h.r.IntN(4)]
	if h.r.IntN(20) == 0 {
		fmt.Fprintf(&h.b, "M 160000 %040x %q\n", h.r.Uint64()|1, p)
		files[p] = true
		return
	}
	text := h.text()
	fmt.Fprintf(&h.b, "M %s inline %q\ndata %d\n%s\n", mode, p, len(text), text)
	files[p] = true
}

// grow adds commits to random branches, some of them new, and tags.
func (h *history) grow(n int) {
	for i := range n {
		branch := "main"
		if len(h.tips) > 0 && h.r.IntN(3) == 0 {
			branch = fmt.Sprintf("b%d", h.r.IntN(5))
			if h.tips[branch] == 0 && h.r.IntN(5) > 0 {
				h.tips[branch] = h.tips["main"] // else a root of its own
			}
		}
		h.commit(branch)
		if h.r.IntN(6) == 0 {
			h.tag(i)
		}
	}
}

func (h *history) tag(i int) {
	target := 1 + h.r.IntN(h.mark)
	if h.r.IntN(2) == 0 {
		fmt.Fprintf(&h.b, "reset refs/tags/l%d-%d\nfrom :%d\n\n", h.mark, i, target)
		return
	}
	fmt.Fprintf(&h.b, "tag a%d-%d\nfrom :%d\ntagger T <t@example.org> %d +0000\ndata 1\nt\n", h.mark, i, target, h.now)
}
