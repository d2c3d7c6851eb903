// Package identity turns the credential of a request into a subject.
//
// A credential is absent (the anonymous subject), valid, or refused with InvalidCredentials: never quietly
// taken as absent. Tokens and session cookies are kept as HMAC-SHA-256 digests under keys that are not in
// the database. Snapshots of subjects are cached by digest and dropped, before the call that changed them
// returns, through the store's OnChange.
package identity
