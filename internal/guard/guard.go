// Package guard keeps a panic in one piece of work from ending the process, and everybody else's work with it.
package guard

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

// Panic is a panic that became an error. Its text is for logs: the panic's own words where the runtime chose them, else
// only its type, since nobody knows what a value holds; and where it happened, without arguments of functions, which
// Go's own traces show.
type Panic struct{ text string }

// Error tells what happened where, on several lines.
func (p *Panic) Error() string { return p.text }

var count atomic.Int64

// Count is how many panics were caught since the start.
func Count() int64 { return count.Load() }

// Caught makes an error of what recover returned. It is to be called in the deferred function itself.
func Caught(value any) *Panic {
	count.Add(1)
	var b strings.Builder
	b.WriteString("panic: ")
	if e, ok := value.(runtime.Error); ok {
		b.WriteString(e.Error())
	} else {
		fmt.Fprintf(&b, "a value of type %v", reflect.TypeOf(value))
	}
	var pcs [maxFrames]uintptr
	n := runtime.Callers(1, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for seen := false; ; {
		f, more := frames.Next()
		if seen && !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "\n\t%s (%s:%d)", f.Function, f.File[strings.LastIndexByte(f.File, '/')+1:], f.Line)
		}
		seen = seen || f.Function == "runtime.gopanic" // before it are those who caught
		if !more {
			break
		}
	}
	return &Panic{b.String()}
}

// maxFrames is how deep a trace goes at most.
const maxFrames = 48

// Call returns the error of f, which is a *Panic when f panicked: also when f read mapped memory behind which the file is
// cut off or the disk broken, which would else end the process.
func Call(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = Caught(p)
		}
	}()
	return f()
}

// The waits of Keep.
const (
	firstWait = 100 * time.Millisecond
	maxWait   = time.Minute
	soundRun  = 10 * time.Minute // after so long without a panic the first wait is due again
)

// Keep runs work until it returns, and returns its error. When it panics, logError hears of it, with the name of the work
// and how often that has happened, and it is run again after a wait, which grows from a tenth of a second to a minute. When
// ctx has ended it is not run again, and Keep returns nil.
func Keep(ctx context.Context, name string, logError func(ctx context.Context, msg string, err error), work func(context.Context) error) error {
	wait := firstWait
	for n := 1; ; n++ {
		began := time.Now()
		err := Call(func() error { return work(ctx) })
		p, ok := err.(*Panic) // as it is: work that met the panic of another goes on by itself
		if !ok {
			return err
		}
		if time.Since(began) > soundRun {
			wait = firstWait
		}
		logError(ctx, fmt.Sprintf("work in the background panicked: %s", name), fmt.Errorf("time %d, goes on in %v: %w", n, wait, p))
		select {
		case <-time.After(wait):
			wait = min(2*wait, maxWait)
		case <-ctx.Done():
			return nil
		}
	}
}
