// Package revocation holds histories of requests that race with a revocation against the one promise that is made
// about them: no request that begins after the revocation was answered succeeds.
//
// Clients and revoker read one logical clock before they send and after they were answered, so that "after" does not
// depend on the machine's. make check runs a million requests under it, make test a sample.
package revocation
