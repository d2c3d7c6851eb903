package housekeeping

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/guard"
	"github.com/ambit-hub/ambit/internal/hub"
)

// push sends what the repository lacks as a push does.
func (im *importing) push(ctx context.Context) error {
	mine, err := im.s.d.Meta.Refs(ctx, im.repo.ID, "refs/")
	if err != nil {
		return err
	}
	at := map[string]hub.OID{}
	var wants, haves []hub.OID
	for _, r := range mine {
		at[r.Name] = r.Target
		haves = append(haves, r.Target)
	}
	var commands bytes.Buffer
	w := pktline.NewWriter(&commands)
	n := 0
	for _, r := range im.refs {
		if at[r.Name] == r.Target {
			continue
		}
		line := fmt.Sprintf("%s %s %s", at[r.Name], r.Target, r.Name)
		if n == 0 {
			line += "\x00report-status side-band-64k object-format=sha1"
		}
		if err := w.Data([]byte(line)); err != nil {
			return err
		}
		n++
		wants = append(wants, r.Target)
	}
	if err := w.Mark(pktline.Flush); err != nil {
		return err
	}
	if n == 0 {
		return nil // up to date
	}
	g, err := im.grant(ctx, access.RepoWrite, access.Repo(im.q.To))
	if err != nil {
		return err
	}
	return im.send(ctx, g, &commands, wants, haves)
}

// send runs the push with the pack as it is written.
func (im *importing) send(ctx context.Context, g access.Grant, commands io.Reader, wants, haves []hub.OID) error {
	im.progress.Tell("taking objects", 0, 0)
	r, w := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		err := guard.Call(func() (err error) {
			im.out.Objects, err = im.src.WritePack(ctx, w, wants, haves)
			return err
		})
		w.CloseWithError(err)
		packed <- err
	}()
	var report bytes.Buffer
	err := im.s.d.Push(ctx, g, io.MultiReader(commands, &counting{r: r, tell: func(n int64) { im.progress.Tell("taking objects", n, 0) }}), &report, im.event("repo.push"))
	r.CloseWithError(io.ErrClosedPipe) // whatever was not read
	if perr := <-packed; perr != nil && !errors.Is(perr, io.ErrClosedPipe) && err == nil {
		err = perr
	}
	if err != nil {
		return err
	}
	return im.read(&report)
}

// read reads the answer to a push: notes for people in one band, which become the import's, and the report in another.
// Source: git's Documentation/gitprotocol-pack, "Report Status"; gitprotocol-common, "side-band-64k".
func (im *importing) read(answer io.Reader) error {
	in := pktline.NewReader(answer)
	var report, notes bytes.Buffer
	for {
		kind, line, err := in.Next()
		if err == io.EOF || err == nil && kind != pktline.Data {
			break
		}
		if err != nil {
			return err
		}
		switch {
		case len(line) > 0 && pktline.Band(line[0]) == pktline.BandData:
			report.Write(line[1:])
		case len(line) > 0 && pktline.Band(line[0]) == pktline.BandProgress:
			notes.Write(line[1:])
		default: // what was refused before anything was in bands
			return hub.Errorf(hub.Unprocessable, "The objects were refused: %s", strings.TrimSpace(strings.TrimPrefix(string(line), "ERR ")))
		}
	}
	for line := range strings.Lines(notes.String()) {
		if line = strings.TrimSpace(line); line != "" {
			im.out.Notes = append(im.out.Notes, line)
		}
	}
	return im.status(&report)
}

// status reads the report itself.
func (im *importing) status(report io.Reader) error {
	in := pktline.NewReader(report)
	for {
		kind, line, err := in.Text()
		if err == io.EOF || err == nil && kind != pktline.Data {
			break
		}
		if err != nil {
			return err
		}
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "unpack" && rest != "ok":
			return hub.Errorf(hub.Unprocessable, "The objects were refused: %s", rest)
		case word == "ok":
			im.out.Refs++
		case word == "ng":
			name, why, _ := strings.Cut(rest, " ")
			im.out.Refused = append(im.out.Refused, name+": "+why)
		}
	}
	if im.out.Refs == 0 && len(im.out.Refused) > 0 {
		why := im.out.Refused[0]
		if len(im.out.Notes) > 0 { // they say it whole
			why = strings.Join(im.out.Notes, " ")
		}
		return hub.Errorf(hub.Unprocessable, "Nothing could be taken. %s", why)
	}
	return nil
}

// counting tells how many bytes went through.
type counting struct {
	r    io.Reader
	n    int64
	tell func(int64)
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.n += int64(n); n > 0 {
		c.tell(c.n)
	}
	return n, err
}
