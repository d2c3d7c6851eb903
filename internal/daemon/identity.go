package daemon

import (
	"context"
	"errors"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/explain"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// instanceSetting is where the database keeps the hub's id.
const instanceSetting = "instance.id"

// openDatabase opens the rows. The error never contains the database's URL, which may hold a password.
func openDatabase(ctx context.Context, cfg *config.Config) (*meta.DB, error) {
	o := meta.Options{URL: cfg.SQLitePath(), MaxConns: cfg.Database.MaxConnections}
	if u := cfg.Database.URL; !u.IsZero() {
		o.URL = u.Reveal()
	}
	db, err := meta.Open(ctx, o)
	var known *hub.Error
	if errors.As(err, &known) && known.Message != "" {
		return nil, refuse(err, "%s", known.Message)
	}
	if err != nil {
		return nil, refuse(err, "The database cannot be opened: %v", err)
	}
	return db, nil
}

// openIdentity finds out which hub this is, and its keys; a new hub gets both. The key file is made first and the
// database is told afterwards, so that a crash in between leaves a key file that the next start takes up.
func openIdentity(ctx context.Context, cfg *config.Config, db *meta.DB) (instance string, keys identity.Keys, err error) {
	instance, known, err := db.Setting(ctx, instanceSetting)
	if err != nil {
		return "", keys, err
	}
	if !known {
		if instance = instanceOf(cfg); instance == "" {
			instance = string(hub.NewID())
		}
	}
	if keys, err = openKeys(cfg.KeysPath(), instance, !known); err != nil || known {
		return instance, keys, err
	}
	return instance, keys, db.PutSetting(ctx, instanceSetting, instance)
}

// keepRefusals returns what tells r about refusals. Of a credential that was good once it keeps whose it was and why it no
// longer is, for its owner.
func keepRefusals(r *explain.Recorder) func(string, *access.Subject, *hub.Error) {
	return func(requestID string, s *access.Subject, e *hub.Error) {
		if dead := identity.Whose(e); s == nil && dead != nil {
			told := *e
			told.Message = dead.Error()
			s, e = dead.Subject, &told
		}
		r.Denied(requestID, s, e)
	}
}
