package operator

import (
	"context"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (h *Handler) storageStats(ctx context.Context, g access.Grant, _ operatorapi.Empty) (out operatorapi.Storage, err error) {
	usage, t, err := h.storage.Usage(ctx, g)
	if err != nil {
		return out, err
	}
	out.Owners = []operatorapi.StorageOwner{}
	out.Total = operatorapi.StorageTotal{Git: t.Git, Stored: t.Whole + t.Packed, Xorbs: t.Xorbs, Damaged: t.Rotten}
	for _, u := range usage {
		// What is in several repositories is counted for each in Logical. Chunks that no file needs any more are not saved.
		out.Owners = append(out.Owners, operatorapi.StorageOwner{
			Owner: u.Owner, Repositories: u.Repos, Git: u.Git, Logical: u.Logical, Stored: u.Whole + u.Packed,
			SavedByDedupe: max(0, u.Logical-u.Whole-u.Unpacked), SavedByCompression: u.Unpacked - u.Packed,
		})
	}
	return out, nil
}

func (h *Handler) storageVerify(ctx context.Context, g access.Grant, q operatorapi.StorageCheck) (out operatorapi.StorageChecked, err error) {
	p, err := h.storage.Verify(ctx, g, q.From)
	if err != nil {
		return out, err
	}
	out = operatorapi.StorageChecked{Objects: p.Objects, Bytes: p.Bytes, Next: p.Next, Damaged: []operatorapi.StorageDamage{}}
	for _, d := range p.Damaged {
		out.Damaged = append(out.Damaged, operatorapi.StorageDamage{Kind: string(d.Kind), ID: d.ID, Reason: d.Reason})
	}
	return out, nil
}

func (h *Handler) storageGC(ctx context.Context, g access.Grant, _ operatorapi.Empty) (operatorapi.StorageCollected, error) {
	n, more, err := h.storage.Collect(ctx, g)
	return operatorapi.StorageCollected{Uploads: n.Uploads, Packs: n.Packs, Whole: n.Whole, Registrations: n.Registrations, Chunked: n.Chunked,
		Xorbs: n.Xorbs, Looked: n.Looked, Rewritten: n.Rewritten, Freed: n.Freed, More: more}, err
}
