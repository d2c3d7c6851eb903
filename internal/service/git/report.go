package git

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/pktline"
)

// report tells the pusher what became of each ref. unpack is "ok" or what was wrong with the pack; notes are lines for
// people, which git shows behind "remote:". Source: git's Documentation/gitprotocol-pack, "Report Status".
func (p *push) write(w io.Writer, unpack string, notes []string) error {
	out := bufio.NewWriterSize(w, 32<<10)
	if p.bands && len(notes) > 0 {
		band := pktline.NewSideband(out, pktline.BandProgress, pktline.Narrow)
		for _, n := range notes {
			io.WriteString(band, n+"\n")
		}
		if err := band.Flush(); err != nil {
			return err
		}
	}
	if p.report {
		var b bytes.Buffer
		lines := pktline.NewWriter(&b)
		lines.Textf("unpack %s\n", oneLine(unpack))
		for _, c := range p.commands {
			if c.refusal == "" {
				lines.Textf("ok %s\n", c.Name)
			} else {
				lines.Textf("ng %s %s\n", c.Name, oneLine(c.refusal))
			}
		}
		lines.Mark(pktline.Flush)
		if err := p.send(out, b.Bytes()); err != nil {
			return err
		}
	}
	if p.bands {
		pktline.NewWriter(out).Mark(pktline.Flush)
	}
	return out.Flush()
}

func (p *push) send(out io.Writer, report []byte) error {
	if !p.bands {
		_, err := out.Write(report)
		return err
	}
	band := pktline.NewSideband(out, pktline.BandData, pktline.Wide)
	if _, err := band.Write(report); err != nil {
		return err
	}
	return band.Flush()
}

// oneLine makes a sentence fit for a line of the report. What a list says is in the notes.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return clip(s, 900)
}
