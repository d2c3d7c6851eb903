// Package repos does what callers do with repositories as a whole: create, move, delete and configure them,
// list them, and read their metadata, trees, history and refs at any revision.
//
// Every method takes a grant (internal/access) and takes its target out of it; nothing here decides who may.
// Bytes of files go out through service/transfer; only README.md, config.json and the headers of safetensors
// files are read here, to describe a repository.
package repos
