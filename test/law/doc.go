// Package law plays the rows of internal/access/testdata/*.decisions through front doors: each row's world is made in a
// real store, its credential is a real token, its action a real request, and the answer must be what the row says in
// status, X-Error-Code and words. HTTP is the first door; others implement door.
package law
