package xet

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// chunkHashes is the answer to an edit. Source: @huggingface/hub src/utils/rangeEdit.ts, FileChunkHashesResponse.
type chunkHashes struct {
	TotalChunks int            `json:"totalChunks"`
	FileSize    int64          `json:"fileSize"`
	Windows     []window       `json:"windows"`
	HashRanges  []*subtree     `json:"hashRanges"`
	Proofs      []xethash.Hash `json:"gapVerification"`
}

type window struct {
	Range [2]int64 `json:"dirtyByteRange"` // the end exclusive
}

type subtree struct {
	Nodes   []node   `json:"nodes"`
	Levels  [][2]int `json:"levels"`
	AtStart bool     `json:"at_start"`
	AtEnd   bool     `json:"at_end"`
}

type node struct {
	Hash xethash.Hash `json:"hash"`
	Size uint64       `json:"size"`
}

// editRanges tells a client that changes ranges of a file what it has to cut anew, and what it needs of the rest. The hashes in
// it are of content that the caller may read.
func (a *API) editRanges(w http.ResponseWriter, r *httpd.Request, c call, g access.Grant) error {
	dirty, err := dirtyRanges(r.Header.Get("X-Range-Dirty"))
	if err != nil {
		return err
	}
	e, err := a.xet.Edit(r.Context(), g, c.hash, dirty)
	if err != nil {
		return err
	}
	out := chunkHashes{TotalChunks: e.Chunks, FileSize: e.Size, Proofs: e.Proofs, Windows: []window{}}
	if out.Proofs == nil {
		out.Proofs = []xethash.Hash{}
	}
	for _, s := range e.Windows {
		out.Windows = append(out.Windows, window{[2]int64{s.Start, s.End}})
	}
	for _, t := range e.Gaps {
		if len(t.Nodes) == 0 {
			out.HashRanges = append(out.HashRanges, nil)
			continue
		}
		s := &subtree{Levels: t.Levels, AtStart: t.AtStart, AtEnd: t.AtEnd}
		for _, n := range t.Nodes {
			s.Nodes = append(s.Nodes, node{n.Hash, n.Size})
		}
		out.HashRanges = append(out.HashRanges, s)
	}
	return answer(w, out)
}

// dirtyRanges reads "bytes=0-65535,200000-299999": ends are inclusive.
func dirtyRanges(text string) (out []xet.Span, err error) {
	bad := hub.Errorf(hub.InvalidInput, "X-Range-Dirty names ranges of bytes, such as bytes=0-65535,200000-299999.")
	list, ok := strings.CutPrefix(text, "bytes=")
	if !ok {
		return nil, bad
	}
	for _, part := range strings.Split(list, ",") {
		first, last, _ := strings.Cut(strings.TrimSpace(part), "-")
		start, serr := strconv.ParseInt(first, 10, 62)
		end, eerr := strconv.ParseInt(last, 10, 62)
		if serr != nil || eerr != nil || start < 0 || end < start {
			return nil, bad
		}
		out = append(out, xet.Span{Start: start, End: end + 1})
	}
	return out, nil
}
