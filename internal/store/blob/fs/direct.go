package fs

import (
	"io"
	"sync"
	"unsafe"
)

// Large files go to the disk past the page cache: the copy into the cache costs about as much processor time as
// hashing does, and a file of many gigabytes would push out what others read. The disk works on one buffer while the
// next one arrives and is hashed.
const (
	directFrom   = 8 << 20 // smallest announced size, in bytes
	directBuffer = 2 << 20 // bytes of one write
	directDepth  = 3       // buffers of one file: one arrives, one waits, one is being written
	directAlign  = 4096    // what disks and file systems ask of addresses, offsets and lengths at most
)

// directWrites is how many writes go past the page cache at a time: each takes directDepth buffers. More of them go through
// it, and take a tenth of that.
const directWrites = 16

// goDirect makes the writes to f go past the page cache, if they are of a large file and there is room for another one; leave
// makes room again.
func (s *Store) goDirect(size int64, f File) (leave func(), ok bool) {
	if size < directFrom {
		return nil, false
	}
	if s.direct.Add(1) > directWrites || f.Direct(true) != nil {
		s.direct.Add(-1)
		return nil, false
	}
	return func() { s.direct.Add(-1) }, true
}

// directBuffers hold slices whose addresses are aligned.
var directBuffers = sync.Pool{New: func() any {
	b := make([]byte, directBuffer+directAlign)
	skip := -int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) & (directAlign - 1)
	b = b[skip : skip+directBuffer : skip+directBuffer]
	return &b
}}

// fillDirect copies src into f, a file that Direct has accepted. It waits for its one goroutine, also when src panics.
func fillDirect(f File, src io.Reader) (err error) {
	full := make(chan *[]byte, directDepth) // to the disk, in order
	lens := make(chan int, directDepth)     // how much of each holds bytes
	free := make(chan *[]byte, directDepth) // back from it
	for range directDepth {
		free <- directBuffers.Get().(*[]byte)
	}
	var werr error // of the writer; read after done
	failed, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for b := range full {
			if n := <-lens; werr == nil {
				if werr = writeDirect(f, (*b)[:n]); werr != nil {
					close(failed)
				}
			}
			free <- b
		}
	}()
	defer func() {
		close(full)
		<-done
		for len(free) > 0 {
			directBuffers.Put(<-free)
		}
		if werr != nil {
			err = werr
		}
	}()
	for {
		b := <-free
		n, rerr := readFull(src, *b)
		if rerr != nil && rerr != io.EOF {
			free <- b
			return rerr
		}
		lens <- n
		full <- b
		select {
		case <-failed: // no use in reading on
			return nil
		default:
		}
		if rerr == io.EOF {
			return nil
		}
	}
}

// readFull reads until b is full or src ends; unlike io.ReadFull it leaves an error of src what it is, so that a body
// that broke off is not taken for one that ended.
func readFull(src io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = src.Read(b[n:])
		n += m
	}
	if n == len(b) && err == io.EOF {
		err = nil // found again by the next read
	}
	return n, err
}

// writeDirect writes one buffer. What is left behind the last whole block goes through the page cache, as nothing
// follows it.
func writeDirect(f File, b []byte) error {
	whole := len(b) &^ (directAlign - 1)
	if whole > 0 {
		if _, err := f.Write(b[:whole]); err != nil {
			return err
		}
	}
	if whole == len(b) {
		return nil
	}
	if err := f.Direct(false); err != nil {
		return err
	}
	_, err := f.Write(b[whole:])
	return err
}
