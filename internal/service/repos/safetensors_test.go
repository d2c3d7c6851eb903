package repos

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

func header(json string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(json))), json...)
}

func TestCountParameters(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want *Parameters // nil: refused
	}{
		{"two types", header(`{"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"y":{"dtype":"I8","shape":[5]},"z":{"dtype":"F16","shape":[]}}`),
			&Parameters{ByType: map[string]int64{"F16": 7, "I8": 5}, Total: 12}},
		{"empty", header(`{}`), &Parameters{ByType: map[string]int64{}}},
		{"padded", header(`{}      `), &Parameters{ByType: map[string]int64{}}},
		{"an empty tensor", header(`{"x":{"dtype":"F32","shape":[0,3]}}`), &Parameters{ByType: map[string]int64{"F32": 0}}},
		{"no length", []byte{1, 2}, nil},
		{"too long", binary.LittleEndian.AppendUint64(nil, maxHeader+1), nil},
		{"cut", header(`{"x":{"dtype":"F32","shape":[1]}}`)[:20], nil},
		{"a list", header(`[]`), nil},
		{"negative", header(`{"x":{"dtype":"F32","shape":[-1]}}`), nil},
		{"overflow", header(`{"x":{"dtype":"F32","shape":[1099511627776,1099511627776]}}`), nil},
		{"no type", header(`{"x":{"shape":[1]}}`), nil},
		{"deep", header(`{"x":{"dtype":"F32","shape":[` + strings.Repeat("1,", 40) + `1]}}`), nil},
		{"as many types as there are", header(types(maxTypes)), typesOf(maxTypes)},
		{"more types than there are", header(types(maxTypes + 1)), nil},
		{"text", []byte("this is a text and no tensors at all"), nil},
	} {
		got, err := countParameters(bytes.NewReader(c.in))
		if (err == nil) != (c.want != nil) || err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// types is a header with one tensor of each of n types.
func types(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`"t%d":{"dtype":"X%d","shape":[2]}`, i, i))
	}
	return "{" + strings.Join(out, ",") + "}"
}

func typesOf(n int) *Parameters {
	p := &Parameters{ByType: map[string]int64{}, Total: 2 * int64(n)}
	for i := range n {
		p.ByType[fmt.Sprintf("X%d", i)] = 2
	}
	return p
}

// TestCountIsNotLearnedFromAFailure: a disk that fails for a moment does not make a file one without parameters.
func TestCountIsNotLearnedFromAFailure(t *testing.T) {
	text := header(`{"x":{"dtype":"F16","shape":[2,3]}}`)
	store := &flaky{Store: mem.New(), fail: true}
	const digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	if _, err := store.Create(t.Context(), "lfs/"+digest, bytes.NewReader(text), blob.Any); err != nil {
		t.Fatal(err)
	}
	s := &Service{meta: oneObject{}, blobs: store, safetensors: newHeaderCache()}
	e := gitrepo.Entry{LFS: &gitrepo.LFS{Digest: digest}}
	if p, err := s.count(t.Context(), &View{}, e); err == nil {
		t.Errorf("a failure gave %v", p)
	}
	store.fail = false
	if p, err := s.count(t.Context(), &View{}, e); err != nil || p == nil || p.Total != 6 {
		t.Errorf("afterwards: %v, %v", p, err)
	}
}

// oneObject knows where every large file lies.
type oneObject struct{ Meta }

func (oneObject) LFSKeyIn(_ context.Context, _ hub.ID, d hub.Digest) (string, int64, error) {
	return "lfs/" + string(d), 0, nil
}

// flaky is a store whose objects cannot be read while fail is set.
type flaky struct {
	blob.Store
	fail bool
}

func (f *flaky) Open(ctx context.Context, key string) (blob.Object, error) {
	o, err := f.Store.Open(ctx, key)
	if f.fail && err == nil {
		o = unreadable{o}
	}
	return o, err
}

type unreadable struct{ blob.Object }

func (unreadable) Read([]byte) (int, error) { return 0, syscall.EIO }

func FuzzCountParameters(f *testing.F) {
	f.Add(header(`{"x":{"dtype":"F16","shape":[2,3]}}`))
	f.Add(header(`{"__metadata__":{}}`))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := countParameters(bytes.NewReader(in))
		if err != nil {
			return
		}
		sum := int64(0)
		for _, n := range p.ByType {
			sum += n
		}
		if sum != p.Total || p.Total < 0 {
			t.Fatalf("%v does not add up", p)
		}
	})
}
