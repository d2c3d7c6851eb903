package jsonlog_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/jsonlog"
)

// BenchmarkLine writes the line of a request as the library does and as we do.
func BenchmarkLine(b *testing.B) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	r.AddAttrs(slog.String("method", "GET"), slog.String("route", "/{repo}/resolve/{rev}/{path...}"), slog.Int("status", 200), slog.Int64("bytes", 1519),
		slog.Duration("took", 127*time.Microsecond), slog.String("ip", "127.0.0.1"), slog.String("request_id", "ea8d4a6cd12279f1d8"),
		slog.String("user", "alice"), slog.String("token", "01a215ff046e00063ecd18db"), slog.String("repo", "alice/requests"))
	for _, h := range []struct {
		name string
		slog.Handler
	}{{"library", slog.NewJSONHandler(io.Discard, nil)}, {"ours", jsonlog.New(io.Discard, slog.LevelInfo)}} {
		b.Run(h.name, func(b *testing.B) {
			for b.Loop() {
				h.Handle(context.Background(), r)
			}
		})
	}
}
