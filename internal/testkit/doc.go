// Package testkit builds hubs for tests: the real parts in one process, over a temporary SQLite database and
// a blob store in memory, behind a real listener. Tests register the protocols they are about.
//
// A script (see Run) is a file of requests and expectations that a person who knows the Hub can read without
// knowing Go.
package testkit
