// Package xethash holds the hashes of the Xet protocol: their bytes and strings, and how chunks, Merkle trees,
// files, xorbs, ranges and deduplication answers are hashed.
//
// All of them are BLAKE3 in keyed mode with an output of 32 bytes; the keys say what is hashed, so that a hash of one
// kind can never pass for another. Sources: the Xet protocol pages in huggingface/hub-docs (docs/xet, hashing),
// huggingface/xet-core (merklehash), IETF draft-denis-xet. The vectors in testdata come from those projects and from
// huggingface.js; each file names its origin.
package xethash
