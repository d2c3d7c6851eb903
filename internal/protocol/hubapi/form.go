package hubapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// formError turns a failure of reading a form into one for the caller.
func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return hub.Wrap(err, hub.TooLarge, "The body is larger than %d bytes.", tooLarge.Limit)
	}
	return hub.Wrap(err, hub.InvalidInput, "The body is not a valid form.")
}

// parseBool reads a boolean of a form as Python writes it.
func parseBool(name, v string) (bool, error) {
	switch strings.ToLower(v) {
	case "", "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	}
	return false, hub.Errorf(hub.InvalidInput, "The parameter %s is neither true nor false.", name)
}
