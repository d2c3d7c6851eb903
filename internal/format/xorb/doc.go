// Package xorb reads, verifies and writes xorbs: the objects in which the Xet protocol keeps chunks, each behind a
// header of eight bytes and possibly compressed.
//
// Everything streams: what is held is one chunk, never a xorb. Nothing is allocated by a length that the input declares
// before that length has been checked. Malformed input is hub.InvalidInput with a sentence for the uploader; an error of
// the reader or writer underneath is passed on.
//
// Sources: huggingface/xet-core xorb_object and hub-docs docs/xet/xorb; the LZ4 frame format (lz4/lz4 doc/lz4_Frame_format.md).
// Test vectors were captured from huggingface.js and from the Rust client; testdata/README.md names their origins.
package xorb
