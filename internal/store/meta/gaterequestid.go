package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

const selectGateRequestByID = gateColumns + `WHERE q.repo_id = ? AND q.id = ?`

// GateRequestByID finds a request or admission of a repository by its own id, which clients use where names are not
// shared. NotFound.
func (db *DB) GateRequestByID(ctx context.Context, repoID, id hub.ID) (hub.GateRequest, error) {
	all, err := collect(ctx, db.single, scanGateRequest, selectGateRequestByID, repoID, id)
	if err == nil && len(all) == 0 {
		return hub.GateRequest{}, noRequest()
	}
	if err != nil {
		return hub.GateRequest{}, db.fail(err, "finding an access request")
	}
	return all[0], nil
}
