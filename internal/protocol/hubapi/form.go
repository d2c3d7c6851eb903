package hubapi

import (
	"errors"
	"net/http"

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
