package testkit

import (
	"bytes"
	"encoding/json"
	"strings"
)

// indent lays JSON out without changing the order of its keys.
func indent(to *strings.Builder, text string) error {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(strings.TrimSpace(text)), "", "  "); err != nil {
		return err
	}
	to.Write(b.Bytes())
	to.WriteByte('\n')
	return nil
}
