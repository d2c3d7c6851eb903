// Package httpd is the edge that all HTTP protocols of the hub share: one router that reads a path once,
// one pipeline (authenticate, parse, authorize, handle), one table from error codes to statuses, request
// ids, the access log, and limits.
//
// A route cannot be added without saying what it needs (an action on a target); its handler runs only with
// the grant that the access engine gave for exactly that. Nothing in this package decides anything.
package httpd
