// Package mem is a blob store in memory, for tests and for hubs that need not remember.
package mem

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
)

// Store keeps objects in memory. The zero value is not usable: call New.
type Store struct {
	mu      sync.RWMutex // guards objects; the entries themselves never change
	objects map[string]entry
}

type entry struct {
	data []byte
	at   time.Time
}

// New makes an empty store.
func New() *Store { return &Store{objects: map[string]entry{}} }

var _ blob.Store = (*Store)(nil)

// Create implements blob.Store.
func (s *Store) Create(ctx context.Context, key string, r io.Reader, e blob.Expect) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	v := blob.NewVerifier(ctx, r, e)
	data, err := io.ReadAll(v)
	if err != nil {
		return blob.Info{}, err
	}
	info, err := v.Finish()
	if err != nil {
		return blob.Info{}, err
	}
	return info, s.put(key, data)
}

func (s *Store) put(key string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.objects[key]; ok {
		return blob.SameSize(int64(len(old.data)), int64(len(data)))
	}
	s.objects[key] = entry{data: data, at: time.Now()}
	return nil
}

// Compose implements blob.Store.
func (s *Store) Compose(ctx context.Context, key string, parts []string, e blob.Expect) (blob.Info, error) {
	readers := make([]io.Reader, 0, len(parts))
	for _, p := range parts {
		o, err := s.Open(ctx, p)
		if err != nil {
			return blob.Info{}, err
		}
		readers = append(readers, o)
	}
	info, err := s.Create(ctx, key, io.MultiReader(readers...), e)
	if e.SHA256 == "" {
		info.SHA256 = ""
	}
	return info, err
}

// Open implements blob.Store.
func (s *Store) Open(ctx context.Context, key string) (blob.Object, error) {
	e, err := s.get(ctx, key)
	if err != nil {
		return nil, err
	}
	return &object{Reader: bytes.NewReader(e.data), at: e.at}, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, key string) (int64, error) {
	e, err := s.get(ctx, key)
	return int64(len(e.data)), err
}

func (s *Store) get(ctx context.Context, key string) (entry, error) {
	if err := blob.CheckKey(key); err != nil {
		return entry{}, err
	}
	if err := ctx.Err(); err != nil {
		return entry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, ok := s.objects[key]
	if !ok {
		return entry{}, hub.Errorf(hub.NotFound, "There is no such object in the store.")
	}
	return e, nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	return nil
}

// Keys implements blob.Store, in the order of the keys.
func (s *Store) Keys(ctx context.Context, prefix string, f func(string, int64) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return err
	}
	sizes := map[string]int64{}
	var keys []string
	s.mu.RLock()
	for k, e := range s.objects {
		if strings.HasPrefix(k, prefix) {
			keys, sizes[k] = append(keys, k), int64(len(e.data))
		}
	}
	s.mu.RUnlock()
	slices.Sort(keys)
	for _, k := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(k, sizes[k]); err != nil {
			return err
		}
	}
	return nil
}

type object struct {
	*bytes.Reader
	at time.Time
}

func (o *object) Close() error       { return nil }
func (o *object) Size() int64        { return o.Reader.Size() }
func (o *object) ModTime() time.Time { return o.at }
func (o *object) File() *os.File     { return nil }
