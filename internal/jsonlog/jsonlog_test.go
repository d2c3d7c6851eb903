package jsonlog_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ambit-hub/ambit/internal/jsonlog"
)

// value draws what records hold, the usual and the rest.
func value(t *rapid.T) slog.Value {
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{0,20}`), rapid.String())
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return slog.Int64Value(rapid.Int64().Draw(t, "int"))
	case 1:
		return slog.Uint64Value(rapid.Uint64().Draw(t, "uint"))
	case 2:
		return slog.DurationValue(time.Duration(rapid.Int64().Draw(t, "duration")))
	case 3:
		return slog.BoolValue(rapid.Bool().Draw(t, "bool"))
	case 4:
		return slog.Float64Value(rapid.Float64().Draw(t, "float"))
	case 5:
		return slog.AnyValue(errors.New(text.Draw(t, "error")))
	case 6:
		return slog.GroupValue(slog.String("a", text.Draw(t, "in a group")))
	case 7:
		return slog.Value{}
	}
	return slog.StringValue(text.Draw(t, "text"))
}

// TestWritesWhatTheLibraryWrites compares with slog.JSONHandler, in a record and behind With and WithGroup.
func TestWritesWhatTheLibraryWrites(t *testing.T) {
	key := rapid.OneOf(rapid.StringMatching(`[a-z_]{0,6}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(0, rapid.Int64().Draw(t, "time"))
		switch rapid.IntRange(0, 5).Draw(t, "zone") {
		case 0:
			at = time.Time{}
		case 1:
			at = at.In(time.FixedZone("x", rapid.IntRange(-86399, 86399).Draw(t, "offset")))
		case 2:
			at = time.Date(rapid.IntRange(-1, 20_000).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		r := slog.NewRecord(at, slog.Level(rapid.IntRange(-9, 13).Draw(t, "level")), rapid.OneOf(rapid.Just("request"), rapid.String()).Draw(t, "message"), 0)
		for range rapid.IntRange(0, 12).Draw(t, "attributes") {
			r.AddAttrs(slog.Attr{Key: key.Draw(t, "key"), Value: value(t)})
		}
		var ours, theirs bytes.Buffer
		level := slog.LevelInfo
		var a, b slog.Handler = jsonlog.New(&ours, level), slog.NewJSONHandler(&theirs, &slog.HandlerOptions{Level: level})
		if rapid.IntRange(0, 4).Draw(t, "with") == 0 {
			with := []slog.Attr{slog.String("w", "x")}
			a, b = a.WithAttrs(with).WithGroup("g"), b.WithAttrs(with).WithGroup("g")
		}
		if a.Enabled(context.Background(), r.Level) != b.Enabled(context.Background(), r.Level) {
			t.Fatalf("level %v is enabled in one only", r.Level)
		}
		a.Handle(context.Background(), r)
		b.Handle(context.Background(), r)
		if ours.String() != theirs.String() {
			t.Fatalf("got  %s want %s", &ours, &theirs)
		}
	})
}

// TestLinesStayWhole writes usual records and others from many sides.
func TestLinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(jsonlog.New(&out, slog.LevelInfo))
	var g sync.WaitGroup
	for range 8 {
		g.Go(func() {
			for range 100 {
				log.Info("usual", "a", "b")
				log.Info("other", "a", 1.5)
			}
		})
	}
	g.Wait()
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, l := range lines {
		if !strings.HasPrefix(l, `{"time":"`) || !strings.HasSuffix(strings.TrimSpace(l), "}") || strings.Count(l, `"time"`) != 1 {
			t.Fatalf("a line is %q", l)
		}
	}
	if len(lines) != 1600 {
		t.Fatalf("%d lines", len(lines))
	}
}

// failing is a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestTellsThatNothingWasWritten(t *testing.T) {
	r := slog.NewRecord(time.Now(), slog.LevelInfo, "request", 0)
	if err := jsonlog.New(failing{}, slog.LevelInfo).Handle(context.Background(), r); !errors.Is(err, io.ErrShortWrite) {
		t.Fatalf("%v", err)
	}
}
