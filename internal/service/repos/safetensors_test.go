package repos

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
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
		{"text", []byte("this is a text and no tensors at all"), nil},
	} {
		got, err := countParameters(bytes.NewReader(c.in))
		if (err == nil) != (c.want != nil) || err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

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
