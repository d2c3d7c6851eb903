// Package pack reads and writes stored packs.
//
// A stored pack is one write-once object of four sections, one after the other:
//
//	pack     a git pack, version 2 (git's Documentation/gitformat-pack)
//	idx      its index, version 2 (same page)
//	aux      facts about each object, in the order of the idx: kind, size, and what pointers say (see aux.go)
//	trailer  48 bytes that locate the sections and carry their checksums (see trailer.go)
//
// So one write stores all or nothing, the first two sections are files that git itself can use, and listings
// with sizes and large-file facts inflate nothing but trees.
package pack
