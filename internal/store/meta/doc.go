// Package meta keeps all rows: accounts, tokens, repositories, refs, lists of packs, links to large files, uploads
// and the audit log. Every SQL text of Ambit is in this package.
//
// The same text serves SQLite and PostgreSQL; what differs is in sqlite.go and postgres.go. Every mutation writes its
// audit row and says whose cached access facts it made stale in the same transaction; listeners registered with
// OnChange have run when the method returns. Failures that a caller may know about are *hub.Error; anything else is
// wrapped with what was being done. All methods may be called concurrently.
package meta
