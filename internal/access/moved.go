package access

import "github.com/ambit-hub/ambit/internal/hub"

// Moved is the error of Authorize for a repository that the caller may see under its new name.
// Protocols answer with a redirect; nothing was granted.
type Moved struct {
	From hub.RepoID // as it was asked for
	To   hub.RepoID
}

// Error names the new id: for logs and tests.
func (m *Moved) Error() string { return "moved to " + m.To.String() }
