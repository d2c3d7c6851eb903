package meta

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ambit-hub/ambit/internal/hub"
)

// errNotText is the answer to text that PostgreSQL cannot hold. No row holds such text, so looking for it finds nothing.
var errNotText = hub.Errorf(hub.InvalidInput, "A text contains a NUL or is not valid UTF-8.")

// bind turns our types into those that both drivers take alike; errNotText when a text is none.
func bind(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case bool:
			out[i] = int64(0)
			if v {
				out[i] = int64(1)
			}
		case time.Time:
			out[i] = micros(v)
		case hub.OID:
			out[i] = ""
			if !v.IsZero() {
				out[i] = v.String()
			}
		case int:
			out[i] = int64(v)
		case hub.Role:
			out[i] = int64(v)
		case hub.ID:
			out[i] = string(v)
		case hub.Digest:
			out[i] = string(v)
		case hub.RepoType:
			out[i] = string(v)
		case hub.Visibility:
			out[i] = string(v)
		default:
			out[i] = a
		}
		if s, ok := out[i].(string); ok && (strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)) {
			return nil, errNotText
		}
	}
	return out, nil
}

// micros returns microseconds since 1970 in UTC, 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// asTime reads a column of microseconds.
type asTime struct{ t *time.Time }

// Scan implements sql.Scanner.
func (a asTime) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is %T in the database", v)
	}
	*a.t = time.Time{}
	if n != 0 {
		*a.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// asOID reads a column of 40 hex digits, empty for the zero OID.
type asOID struct{ o *hub.OID }

// Scan implements sql.Scanner.
func (a asOID) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("an object id is %T in the database", v)
	}
	*a.o = hub.ZeroOID
	if s == "" {
		return nil
	}
	var err error
	*a.o, err = hub.ParseOID(s)
	return err
}

// asJSON reads a column of JSON text.
type asJSON struct{ to any }

// Scan implements sql.Scanner.
func (a asJSON) Scan(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("a JSON value is %T in the database", v)
	}
	if s == "[]" {
		return nil // an empty list comes back as nil
	}
	return json.Unmarshal([]byte(s), a.to)
}

// list makes a slice of strings the value of IN_LIST(?) or of a column of JSON text.
func list[S ~string](items []S) string {
	if items == nil {
		items = []S{}
	}
	b, err := json.Marshal(items)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}
