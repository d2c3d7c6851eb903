// Package shard reads and writes shards: the records in which the Xet protocol says which chunks make up a file and which
// chunks a xorb holds. Clients upload them; deduplication queries are answered with them.
//
// Reading streams: what is held is one file or one xorb. Records are read section by section, and the offsets and lookup
// tables that some clients append are never followed, so that nothing can point anywhere. What is malformed is
// hub.InvalidInput with a sentence for the uploader; an error of the reader underneath is passed on. Whether hashes and
// sums are true, only who keeps the xorbs can tell: the package checks what the shard says by itself.
//
// Sources: huggingface/xet-core mdb_shard (xet_core_structures/src/metadata_shard since 1.8) and hub-docs docs/xet/shard.
// The vectors were captured from clients and from production; the manifests beside them name their origins.
package shard
