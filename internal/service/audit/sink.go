package audit

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
)

// sink is the file of checkpoints. Nothing in it is secret; it is worth something when it lies, or is copied to, where
// those cannot write who can write the database.
type sink struct {
	path string

	mu   sync.Mutex // guards the fields below, and appending
	read bool       // size is known
	size int64      // of the last checkpoint in the file
	note []byte     // that one
}

// separator is the line before each note.
const separator = "--------\n"

// maxNote is the size in bytes beyond which something in the file is no note.
const maxNote = 16 << 10

// last returns the size of the last checkpoint in the file, 0 for none, and its note. The first time it cuts off what a
// crash in the middle of writing left at the end: it is no note, and the next one must not follow it.
func (k *sink) last(sizeOf func(note []byte) (int64, error)) (int64, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := os.Stat(k.path); errors.Is(err, fs.ErrNotExist) {
		k.read = false // somebody put the file away
	}
	if k.read {
		return k.size, k.note, nil
	}
	torn := int64(-1)
	k.size, k.note = 0, nil
	err := k.each(func(note []byte, at int64) {
		n, err := sizeOf(note)
		if torn = at; err == nil {
			k.size, k.note, torn = n, append(k.note[:0], note...), -1
		}
	})
	if err == nil && torn >= 0 {
		err = os.Truncate(k.path, torn)
	}
	k.read = err == nil
	return k.size, k.note, err
}

// append adds a note durably.
func (k *sink) append(size int64, note []byte) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, err := os.OpenFile(k.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			k.read = false // a part of the note may be there: it is cut off before the next one
		}
	}()
	if _, err := f.Write(append([]byte(separator), note...)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	k.size, k.note = size, bytes.Clone(note)
	return nil
}

// each calls f with every note and the offset where its separator begins. A file that is not there has none.
func (k *sink) each(f func(note []byte, at int64)) error {
	file, err := os.Open(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	var text []byte
	offset, begin := int64(0), int64(0)
	flush := func() {
		if len(text) > 0 {
			f(text, begin)
		}
		text = text[:0]
	}
	for {
		line, err := in.ReadBytes('\n')
		if bytes.Equal(line, []byte(separator)) {
			flush()
			begin = offset
		} else if len(text)+len(line) <= maxNote {
			text = append(text, line...)
		}
		offset += int64(len(line))
		if errors.Is(err, io.EOF) {
			flush()
			return nil
		}
		if err != nil {
			return err
		}
	}
}
