// Package gitattributes reads the two pattern files that git keeps in a tree, .gitattributes and .gitignore, as
// far as the hub needs them: which paths have filter=lfs, and which paths a client should not upload.
//
// The matching is ours: the Go libraries for it panic on malformed patterns (git-lfs/wildmatch) or translate them
// to regular expressions that mean something else, and both files come from strangers. git is the oracle of the
// tests. Matching takes time proportional to pattern length times path length, whatever the pattern, and has a budget.
//
// Sources: gitattributes(5), gitignore(5), git's wildmatch.c and attr.c.
package gitattributes
