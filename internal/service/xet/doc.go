// Package xet keeps large files as deduplicated chunks: it takes xorbs and shards in, verifies all they say, answers what
// clients ask to find chunks again, and gives files back as plans of ranges or as plain bytes.
//
// Chunks are shared within a domain, which is the namespace that owns the repository. Whoever knows the raw hashes of a run
// of chunks may refer to it, so raw hashes never leave this package; a repository reads only files registered in it.
//
// Sources: huggingface/xet-core; hub-docs docs/xet.
package xet
