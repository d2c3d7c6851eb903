// Package hub is the vocabulary of Ambit: identifiers, names, entities and errors with stable codes.
//
// It holds no behaviour beyond parsing and printing, does no I/O and imports nothing else of this module,
// so that every other package may import it. Its words are those of docs/glossary.md.
package hub
