package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// bar shows how far a long call is, on a terminal only: in logs and pipes it is silent.
type bar struct {
	w     io.Writer // nil: silent
	shown int       // columns of the last line
}

func (a *app) newBar() *bar {
	f, ok := a.err.(*os.File)
	if !ok {
		return &bar{}
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &bar{}
	}
	return &bar{w: f}
}

const barWidth = 24

// show draws the bar over the last one.
func (b *bar) show(p operatorapi.Progress) {
	if b.w == nil {
		return
	}
	line := p.Stage
	switch {
	case p.Total > 0:
		full := int(min(p.Done, p.Total) * barWidth / p.Total)
		line = fmt.Sprintf("%s [%s%s] %d/%d", p.Stage, strings.Repeat("#", full), strings.Repeat(".", barWidth-full), p.Done, p.Total)
	case p.Done > 0:
		line = fmt.Sprintf("%s %d", p.Stage, p.Done)
	}
	fmt.Fprintf(b.w, "\r%s%s", line, strings.Repeat(" ", max(0, b.shown-len(line))))
	b.shown = len(line)
}

// end takes the bar away.
func (b *bar) end() {
	if b.w != nil && b.shown > 0 {
		fmt.Fprintf(b.w, "\r%s\r", strings.Repeat(" ", b.shown))
	}
}
