package daemon

import "fmt"

// Refusal is why a hub does not start, as a sentence for the operator.
type Refusal struct {
	Text string
	Err  error // cause, may be nil; not part of the sentence
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Text }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(cause error, format string, args ...any) *Refusal {
	return &Refusal{Text: fmt.Sprintf(format, args...), Err: cause}
}
