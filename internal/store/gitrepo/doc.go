// Package gitrepo is the git object layer: it reads and writes the objects of repositories whose packs lie
// in the blob store or inline in the metadata, and whose refs are rows.
//
// Truth is the metadata: the list of live packs of a repository, and its generation, which every publication
// raises. A Snapshot is an immutable view of one generation; everything it holds in memory is a cache keyed by
// things that never change. A Writer collects the objects of one change in one pack and publishes pack and refs
// at once: bytes are durable before the row that names them.
//
// No git executable is used. Formats: package object (what objects say), package pack (how they are stored).
package gitrepo
