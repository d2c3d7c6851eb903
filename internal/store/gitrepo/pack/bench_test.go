package pack

import (
	"math/rand/v2"
	"testing"

	"github.com/ambit-hub/ambit/internal/store/gitrepo/object"
)

// BenchmarkAdd measures the holding of small files, the work of a commit.
func BenchmarkAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	data := randomText(r, 700)
	builder := NewBuilder(b.TempDir(), 1<<30)
	defer builder.Close()
	b.SetBytes(int64(len(data)))
	for i := 0; b.Loop(); i++ {
		data[i%600], data[i/600%600] = byte(i), byte(i>>8)
		data[650+i%40] = byte(i >> 16)
		if _, err := builder.Add(object.KindBlob, data); err != nil {
			b.Fatal(err)
		}
	}
}
