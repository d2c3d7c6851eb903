// Package hubapi speaks the JSON API of the Hub below /api: accounts, repositories, revisions, trees, commits
// and uploads. Each file has the routes of one noun: it reads a request once, calls one service with the
// grant, and writes what came back. It decides nothing.
//
// The contract is docs/protocol/repositories.md; in doubt the installed clients decide.
package hubapi
