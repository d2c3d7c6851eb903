package hub

import (
	"errors"
	"fmt"
)

// Code says what kind of failure an Error is. Codes are stable: clients and tests match on them.
// One table (internal/protocol/httpd) turns a code into an HTTP status.
type Code string

// The codes. Those that Hub clients compare are sent as X-Error-Code (see Code.Wire).
const (
	InvalidInput        Code = "InvalidInput"        // 400: the request is malformed
	Unauthorized        Code = "Unauthorized"        // 401: no credential where one is needed
	InvalidCredentials  Code = "InvalidCredentials"  // 401: a credential was given and is not valid
	PaymentRequired     Code = "PaymentRequired"     // 402: allowed, but nobody pays
	Forbidden           Code = "Forbidden"           // 403: known to the caller, not permitted
	Disabled            Code = "Disabled"            // 403: the repository is disabled
	RepoNotFound        Code = "RepoNotFound"        // 404 signed in, 401 anonymous: missing or hidden, not told which
	RevisionNotFound    Code = "RevisionNotFound"    // 404
	EntryNotFound       Code = "EntryNotFound"       // 404: no such path at an existing revision
	NotFound            Code = "NotFound"            // 404: any other thing
	GatedRepo           Code = "GatedRepo"           // 403 signed in, 401 anonymous
	RepoNotGated        Code = "RepoNotGated"        // 400
	MethodNotAllowed    Code = "MethodNotAllowed"    // 405
	Conflict            Code = "Conflict"            // 409: already exists, or a racing change
	PreconditionFailed  Code = "PreconditionFailed"  // 412: the branch head is not the parent commit named
	TooLarge            Code = "TooLarge"            // 413: over a limit of size or count
	RangeNotSatisfiable Code = "RangeNotSatisfiable" // 416
	Unprocessable       Code = "Unprocessable"       // 422: well-formed, but a value such as a path is not allowed
	TooManyRequests     Code = "TooManyRequests"     // 429
	Internal            Code = "Internal"            // 500: ours; the text is never sent
	NotImplemented      Code = "NotImplemented"      // 501
	Unavailable         Code = "Unavailable"         // 503: try again later
	InsufficientStorage Code = "InsufficientStorage" // 507: the disk is full
)

// Wire returns the value of X-Error-Code for the codes that Hub clients compare, otherwise "".
// Source: huggingface_hub utils/_http.py, hf_raise_for_status.
func (c Code) Wire() string {
	switch c {
	case RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo, RepoNotGated:
		return string(c)
	}
	return ""
}

// Messages that official clients compare byte for byte.
// Source: huggingface_hub utils/_http.py, hf_raise_for_status.
const (
	MessageInvalidCredentials = "Invalid credentials in Authorization header"
	MessageDisabled           = "Access to this resource is disabled."
)

// Error is a failure that the caller may know about.
type Error struct {
	Code    Code
	Reason  string // stable reason code of an access decision, such as "token.read_only"; empty elsewhere
	Message string // for the user: no paths of this machine, no SQL, no secrets
	Hint    string // one more sentence for the body, where Message must stay a constant that clients compare
	Asked   string // what was refused, such as "repo.write model:acme/x", for who looks it up later; never sent
	URL     string // of the thing that already exists; only with Conflict
	Err     error  // for the log; never sent
}

// Errorf makes an Error of the given code whose message is for the user.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error of the given code whose message is for the user and whose cause is for the log.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// Error returns code, message and cause: for logs and tests, not for clients.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	s += ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first Error in err's chain, Internal for any other error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Is tells whether err carries the given code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
