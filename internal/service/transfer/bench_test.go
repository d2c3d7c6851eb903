package transfer_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
)

// BenchmarkCommit commits files of 700 bytes, 1 and 10,000 at a time, in base64 as the clients send them.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var svc *transfer.Service
			h := testkit.New(b, func(h *testkit.Hub) { svc = h.Transfer(transfer.Config{}) })
			h.World()
			g, err := h.Zone.Authorize(context.Background(), h.Subject("alice.write"), access.Need{Action: access.RepoWrite, Target: access.Repo(public)})
			if err != nil {
				b.Fatal(err)
			}
			round := 0
			body := func() string {
				round++
				var s strings.Builder
				s.WriteString(`{"key":"header","value":{"summary":"s"}}` + "\n")
				for i := range n {
					text := strings.Repeat(fmt.Sprintf("line %d of %d in round %d\n", i, n, round), 40)[:700]
					fmt.Fprintf(&s, `{"key":"file","value":{"content":"%s","path":"d%d/f%d.txt","encoding":"base64"}}`+"\n", base64.StdEncoding.EncodeToString([]byte(text)), i%100, i)
				}
				return s.String()
			}
			for range b.N {
				b.StopTimer()
				r := strings.NewReader(body())
				b.StartTimer()
				if _, err := svc.Commit(context.Background(), g, transfer.CommitRequest{Rev: "main", Body: r, Event: hub.Event{Type: "repo.commit"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
