package gitrepo

// CheckPath tells whether a path may be written into a repository; the error is Unprocessable and says what is
// wrong with it.
func CheckPath(path string) error { return nil }
