package hub

import "time"

// Reach is what a token was used for: one permission on one repository, or on none.
type Reach struct {
	TokenID    ID
	Permission Permission
	RepoID     ID // empty for permissions that concern no repository
	First      time.Time
	Last       time.Time
	Uses       int64
}
