package pack

import (
	"context"
	"io"

	"github.com/ambit-hub/ambit/internal/format/inflate"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
	"github.com/ambit-hub/ambit/internal/store/gitrepo/pace"
)

// Limits bound a pack that strangers send.
type Limits struct {
	Bytes    int64 // of the pack
	Objects  int   // in the pack
	Inflated int64 // bytes of all objects and deltas together
	// Room, if any, is asked before each further RoomStep objects behind the first are read: what is known of an object takes about
	// 170 bytes of memory until the pack is published. Its error is for the sender.
	Room func() error
}

// RoomStep is how many objects are read before Limits.Room is asked again.
const RoomStep = 1 << 16

// Incoming is a git pack that arrives.
type Incoming struct {
	Limits Limits
	// Check looks at each commit, tree and tag, of which it must keep nothing. It may be called concurrently; its error is for the
	// sender.
	Check func(kind object.Kind, oid hub.OID, data []byte) error
	// Base returns an object that the repository has, for packs whose deltas are based on such; ok is false if it
	// has none of that id.
	Base func(oid hub.OID) (kind object.Kind, data []byte, ok bool, err error)
	// Scan, if any, is asked for a Scanner for each blob, commit and tag. It may be called concurrently.
	Scan func() Scanner
}

// Scanner sees the bytes of one object as they arrive. Its Write must take them all and keep nothing.
type Scanner interface {
	io.Writer
	// Done is called once, when all bytes were written. Of an object that is refused it is not called.
	Done(kind object.Kind, oid hub.OID)
}

// show lets the scanner see an object.
func (x *indexer) show(e *entry, data []byte) {
	if x.in.Scan == nil || e.kind == object.KindTree {
		return
	}
	s := x.in.Scan()
	s.Write(data)
	s.Done(e.kind, e.oid)
}

// malformed is the answer to bytes that are not a pack.
func malformed(why string) error {
	return hub.Errorf(hub.Unprocessable, "The pack is malformed: %s.", why)
}

// Receive reads a whole git pack from r into an empty builder: every object is inflated, hashed and checked, deltas are
// resolved and stay deltas, and bases that the pack lacks are taken from the repository and added. It returns
// the ids of those. Unprocessable or TooLarge for what is wrong with the pack; then the builder is of no use.
func (b *Builder) Receive(ctx context.Context, r io.Reader, in Incoming) (bases []hub.OID, err error) {
	x := &indexer{in: in, b: b, ctx: ctx}
	defer x.held.release()
	if err := x.scan(r); err != nil {
		return nil, err
	}
	if err := x.resolve(); err != nil {
		return nil, err
	}
	return x.bases, x.finish()
}

// indexer is a pack on its way into a builder.
type indexer struct {
	in       Incoming
	b        *Builder
	ctx      context.Context
	inflated int64      // bytes so far
	pace     pace.Pacer // of the scan
	zlib     inflate.Decoder

	deltas   []delta // in the order of the pack
	named    []named // those whose base is named by its id
	held     holder  // of the bytes of deltas
	unsummed []int32 // entries whose CRC is not known yet
	src      Source  // the pack, once it has arrived
	bases    []hub.OID
}

// delta is an entry whose object is not known before that of its base.
type delta struct {
	data  []byte // inflated; nil when it has to be inflated again
	entry int32  // in the builder
	base  int32  // entry, or noEntry when only its id is known
	next  int32  // another delta on the same base, or noDelta
}

// noEntry and noDelta stand for nothing where the number of an entry or of a delta stands.
const (
	noEntry = -1
	noDelta = -1
)

// named is a delta whose base is named by its id.
type named struct {
	base  hub.OID
	delta int32
}
