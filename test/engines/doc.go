// Command engines asks Casbin and OPA the questions of the benchmark of access decisions: the same universe and the same
// queries that the package access measures itself and cedar-go with. They must agree about every one of the first
// queries; then it prints what a decision costs each, beside ours of the same minute.
//
// The test of internal/access called TestDumpUniverse writes the universe. This is a module of its own because both
// engines bring more dependencies than the whole of Ambit. make bench runs both.
package main
