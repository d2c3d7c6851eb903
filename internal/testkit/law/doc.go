// Package law plays the decision tables of internal/access/testdata against a whole hub: the same world as real rows, the
// same credentials as real tokens, and each row through every front door that can ask its question. A protocol adds its
// doors to the list and passes the same rows.
package law
