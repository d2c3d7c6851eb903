// Package transfer moves the bytes of files in and out of repositories: commits over HTTP, large-file uploads in
// one piece or in parts, downloads; and it sweeps up what unfinished uploads leave behind.
//
// Every method takes a grant (internal/access) and takes its repository out of it. Bytes stream; what is kept in
// memory does not grow with the size of a file. The order of every upload is: intent row, verified and durable
// bytes, the row that names them, the answer. A crash at any point leaves at most an intent, which the sweeper
// finds.
//
// Knowing a hash is not having the file: a large file belongs to a repository only after its bytes have arrived
// there, or when the caller may read them in another repository anyway.
package transfer
