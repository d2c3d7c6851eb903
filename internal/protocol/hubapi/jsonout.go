package hubapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// member is one key of an object, in the order in which it is written. A value that is a stream writes
// itself.
type member struct {
	key   string
	value any
}

// stream writes a JSON value that is too large to be held in memory.
type stream func(out *bufio.Writer) error

// writeObject writes members as a JSON object.
func writeObject(out *bufio.Writer, members []member) error {
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeValue(out, m.key); err != nil {
			return err
		}
		out.WriteByte(':')
		if s, ok := m.value.(stream); ok {
			if err := s(out); err != nil {
				return err
			}
			continue
		}
		if err := writeValue(out, m.value); err != nil {
			return err
		}
	}
	return out.WriteByte('}')
}

// writeValue writes v without escaping <, > and &, which are common in tags and harmless in JSON.
func writeValue(out *bufio.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := out.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return err
}

// array writes the values that next yields until it says that there are no more.
func array(out *bufio.Writer, each func(emit func(v any) error) error) error {
	out.WriteByte('[')
	first := true
	err := each(func(v any) error {
		if !first {
			out.WriteByte(',')
		}
		first = false
		if m, ok := v.([]member); ok {
			return writeObject(out, m)
		}
		return writeValue(out, v)
	})
	if err != nil {
		return err
	}
	return out.WriteByte(']')
}

// respond answers 200 with the JSON that write makes. Up to the size of the buffer an error still becomes a
// proper answer; later it cuts the connection.
func respond(w http.ResponseWriter, write func(out *bufio.Writer) error) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	out := bufio.NewWriterSize(w, 64<<10)
	if err := write(out); err != nil {
		for _, h := range []string{"Link", "X-Total-Count"} {
			w.Header().Del(h)
		}
		return err
	}
	return out.Flush()
}

// date is how the API writes instants: UTC, with milliseconds and a trailing Z.
// Source: huggingface_hub utils/_datetime.py, parse_datetime.
func date(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
