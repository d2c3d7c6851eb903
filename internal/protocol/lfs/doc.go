// Package lfs speaks Git LFS: the batch call, the basic and the multipart transfer, and verify. It translates;
// service/transfer does the work.
//
// The upload URLs carry a ticket, because the Hub's libraries send no credential with them; a ticket is bound to
// method, repository, object, upload and part, lives as long as the uploads of its batch may take, and its holder's
// right is decided anew at each use.
//
// Sources: git-lfs/git-lfs docs/api/batch.md and docs/api/basic-transfers.md; huggingface_hub lfs.py;
// @huggingface/hub lib/commit.ts; huggingface_hub cli/lfs.py (the multipart agent of git-lfs).
package lfs
