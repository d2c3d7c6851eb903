package httpd

import (
	"net/http"

	"github.com/ambit-hub/ambit/internal/hub"
)

// status is the only table from codes to HTTP statuses.
var status = map[hub.Code]int{
	hub.InvalidInput:        http.StatusBadRequest,
	hub.Unauthorized:        http.StatusUnauthorized,
	hub.InvalidCredentials:  http.StatusUnauthorized,
	hub.PaymentRequired:     http.StatusPaymentRequired,
	hub.Forbidden:           http.StatusForbidden,
	hub.Disabled:            http.StatusForbidden,
	hub.RepoNotFound:        http.StatusNotFound,
	hub.RevisionNotFound:    http.StatusNotFound,
	hub.EntryNotFound:       http.StatusNotFound,
	hub.NotFound:            http.StatusNotFound,
	hub.GatedRepo:           http.StatusForbidden,
	hub.RepoNotGated:        http.StatusBadRequest,
	hub.MethodNotAllowed:    http.StatusMethodNotAllowed,
	hub.Conflict:            http.StatusConflict,
	hub.PreconditionFailed:  http.StatusPreconditionFailed,
	hub.TooLarge:            http.StatusRequestEntityTooLarge,
	hub.RangeNotSatisfiable: http.StatusRequestedRangeNotSatisfiable,
	hub.Unprocessable:       http.StatusUnprocessableEntity,
	hub.TooManyRequests:     http.StatusTooManyRequests,
	hub.Internal:            http.StatusInternalServerError,
	hub.NotImplemented:      http.StatusNotImplemented,
	hub.Unavailable:         http.StatusServiceUnavailable,
	hub.InsufficientStorage: http.StatusInsufficientStorage,
}

// Status returns the HTTP status of a code. The two codes that tell a caller to sign in before anything
// else are 401 for an anonymous one.
// Source: huggingface_hub utils/_http.py, hf_raise_for_status, and probes of the public Hub.
func Status(c hub.Code, anonymous bool) int {
	if anonymous && (c == hub.RepoNotFound || c == hub.GatedRepo) {
		return http.StatusUnauthorized
	}
	if s, ok := status[c]; ok {
		return s
	}
	return http.StatusInternalServerError
}
