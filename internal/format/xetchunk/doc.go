// Package xetchunk cuts a stream of bytes into the chunks of the Xet protocol: content-defined, so that a change in a
// file moves only the boundaries near it.
//
// The boundaries are those of the reference client (xet-core deduplication/src/chunking.rs), byte for byte: what the
// server cuts deduplicates against what clients upload. The JavaScript client may cut up to 64 bytes earlier at the
// minimum length; its files are hashed as it cut them, never cut again by this package for comparison.
package xetchunk
