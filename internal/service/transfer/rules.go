package transfer

import (
	"bytes"
	"context"

	"github.com/ambit-hub/ambit/internal/format/gitattributes"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// newRules adds a line to .gitattributes for each large file that no rule covers, so that git clients treat
// what they clone as large files too.
func (c *change) newRules(ctx context.Context, snap *gitrepo.Snapshot, head hub.OID) ([]gitrepo.TreeChange, error) {
	var paths []string
	seen := map[string]bool{}
	for _, f := range c.large {
		if !seen[f.path] {
			seen[f.path] = true
			paths = append(paths, f.path)
		}
	}
	if len(paths) == 0 || c.opaque {
		return nil, nil
	}
	attrs, err := attributesAt(ctx, snap, head, paths, c.texts)
	if err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	budget := gitattributes.NewBudget(matchBudget)
	for _, p := range paths {
		if !attrs.LFS(p, budget) {
			lines.WriteString(gitattributes.Rule(p) + "\n")
		}
	}
	if err := tooCostly(budget); err != nil {
		return nil, err
	}
	if lines.Len() == 0 {
		return nil, nil
	}
	text, ok, err := c.rootRules(ctx, snap, head)
	if err != nil || !ok || len(text)+lines.Len() > maxRules {
		return nil, err // a .gitattributes that is no text of rules is left alone
	}
	if n := len(text); n > 0 && text[n-1] != '\n' {
		text = append(text, '\n')
	}
	text = append(text, lines.Bytes()...)
	oid, err := c.writer.Blob(int64(len(text)), bytes.NewReader(text))
	return []gitrepo.TreeChange{{Path: attributesFile, Mode: gitrepo.ModeFile, OID: oid}}, err
}

// rootRules returns the text of the root's .gitattributes as this commit leaves it.
func (c *change) rootRules(ctx context.Context, snap *gitrepo.Snapshot, head hub.OID) (text []byte, ok bool, err error) {
	if given, touched := c.texts[attributesFile]; touched {
		return bytes.Clone(given), true, nil
	}
	if head.IsZero() {
		return nil, true, nil
	}
	e, err := snap.Entry(ctx, head, attributesFile)
	if hub.Is(err, hub.EntryNotFound) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	text, err = smallText(ctx, snap, e)
	return text, text != nil || e.Size == 0, err
}
