package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/ambit-hub/ambit/internal/hub"
)

// kindText is how people write a kind of tokens on the command line; JSON has the word of the protocol.
func kindText(k hub.TokenKind) string {
	if k == hub.TokenFineGrained {
		return "fine-grained"
	}
	return string(k)
}

// print shows v as JSON with --json, and otherwise calls plain.
func (a *app) print(v any, plain func()) error {
	if !a.json {
		plain()
		return nil
	}
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

// table prints rows under a heading, in columns.
func (a *app) table(heading string, rows [][]string) {
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(heading, " ", "\t"))
	for _, r := range rows {
		for i, cell := range r {
			if i > 0 {
				io.WriteString(w, "\t")
			}
			io.WriteString(w, oneLine(cell))
		}
		io.WriteString(w, "\n")
	}
	w.Flush()
}

// printable takes out of a text what would command a terminal: texts hold what strangers chose, such as titles of commits.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// oneLine is printable without what would break a table.
func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(printable(s))
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

func optionalTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func mark(b bool, word string) string {
	if b {
		return word
	}
	return "-"
}
