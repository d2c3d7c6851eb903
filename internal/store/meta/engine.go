package meta

import (
	"strings"
	"sync"
)

// engine is what differs between the databases: see sqlite.go and postgres.go.
type engine struct {
	name        string
	words       *strings.Replacer        // of the schema
	rewrite     func(string) string      // of a query with ? for each value
	retryable   func(error) bool         // the transaction had no effect and may be run again
	ambiguous   func(error) bool         // COMMIT may have happened or not
	unique      func(error) bool         // a unique value is taken
	foreign     func(error) bool         // a row that is referred to is missing, or one is still referred to
	full        func(error) bool         // no space left
	room        func(error, string) bool // no space left in the folder, found out by trying; nil: full says all
	unreachable func(error) bool         // the server is not there

	texts sync.Map // constant query → as the engine wants it
}

func (e *engine) rewritten(text string) string {
	if s, ok := e.texts.Load(text); ok {
		return s.(string)
	}
	s := e.rewrite(text)
	e.texts.Store(text, s)
	return s
}
