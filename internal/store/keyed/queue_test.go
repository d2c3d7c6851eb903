package keyed

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue[string]
		enter := func(ctx context.Context, key string) func() {
			t.Helper()
			leave, err := q.Enter(ctx, key)
			if err != nil {
				t.Fatal(err)
			}
			return leave
		}
		first, other := enter(t.Context(), "a"), enter(t.Context(), "b")
		in := false
		go func() {
			leave := enter(context.Background(), "a")
			in = true
			leave()
		}()
		synctest.Wait()
		if in {
			t.Error("two hold one key")
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := q.Enter(gone, "b"); !errors.Is(err, context.Canceled) {
			t.Errorf("who has left got %v", err)
		}
		first()
		other()
		synctest.Wait()
		if !in || len(q.lines) != 0 {
			t.Errorf("served %v, %d keys are left", in, len(q.lines))
		}
	})
}
