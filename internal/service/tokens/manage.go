package tokens

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Show finds one token. Needs TokenManage for one's own, InstanceAdmin for others'. NotFound.
func (s *Service) Show(ctx context.Context, g access.Grant, id hub.ID) (Owned, error) {
	return s.find(ctx, g, id)
}

// Of lists a user's tokens, deleted ones left out. An empty name means the caller's own, which needs TokenManage;
// others' need InstanceAdmin. NotFound.
func (s *Service) Of(ctx context.Context, g access.Grant, user string) ([]Owned, error) {
	owner, err := s.owner(ctx, g, user)
	if err != nil {
		return nil, err
	}
	all, err := s.store.TokensOf(ctx, owner.ID)
	if err != nil {
		return nil, err
	}
	var list []Owned
	for _, t := range all {
		if t.RevokedWhy != Deleted {
			list = append(list, Owned{t, owner.Name})
		}
	}
	return list, nil
}

// All lists tokens of everybody after the given one, oldest first, deleted ones left out; it reads limit rows and
// returns where to go on, "" at the end. Needs InstanceAdmin.
func (s *Service) All(ctx context.Context, g access.Grant, after hub.ID, limit int) (list []Owned, next hub.ID, err error) {
	if err := g.Has(access.InstanceAdmin); err != nil {
		return nil, "", err
	}
	rows, err := s.store.ListTokens(ctx, after, limit)
	if err != nil {
		return nil, "", err
	}
	names := map[hub.ID]string{}
	for _, t := range rows {
		if t.RevokedWhy == Deleted {
			continue
		}
		if _, ok := names[t.UserID]; !ok {
			u, err := s.store.UserByID(ctx, t.UserID)
			if err != nil {
				return nil, "", err
			}
			names[t.UserID] = u.Name
		}
		list = append(list, Owned{t, names[t.UserID]})
	}
	if len(rows) == limit {
		next = rows[limit-1].ID
	}
	return list, next, nil
}

// Delete ends a token for ever; its value is refused when it returns. Needs TokenManage for one's own, InstanceAdmin
// for others'. NotFound.
func (s *Service) Delete(ctx context.Context, g access.Grant, id hub.ID) error {
	t, err := s.find(ctx, g, id)
	if err != nil {
		return err
	}
	ev := s.event(g, "token.delete", fmt.Sprintf("deleted token %q of %s", t.Name, t.UserName), t.UserID, t.ID)
	return s.store.RevokeToken(ctx, t.ID, Deleted, s.opts.Now().UTC(), ev)
}

// Change is what Edit changes; nil fields stay as they are.
type Change struct {
	Name         *string
	Scopes       *[]NewScope
	Global       *[]hub.Permission
	CanReadGated *bool
	ExpiresAt    *time.Time // zero: never
}

// Edit changes a token's name, its end and, of a fine-grained one, its permissions, from the moment it returns. The value
// stays, and lives no longer than a new one could have when it was made; the kind cannot change. Needs TokenManage for one's own, InstanceAdmin for others'. NotFound, InvalidInput, Conflict.
func (s *Service) Edit(ctx context.Context, g access.Grant, id hub.ID, c Change) (Owned, error) {
	for tries := 1; ; tries++ {
		before, t, err := s.edited(ctx, g, id, c)
		if err != nil {
			return Owned{}, err
		}
		ev := s.event(g, "token.update", changed(before, t), t.UserID, t.ID)
		err = s.store.UpdateToken(ctx, t.Token, ev)
		if hub.Is(err, hub.Conflict) && tries < editTries {
			continue // it was changed meanwhile: that change stays, and this one is made to what it is now
		}
		t.Gen++
		return t, err
	}
}

// editTries is how often a change of a token is begun anew because another one was faster.
const editTries = 20

// edited returns the token as it is, and with c made to it.
func (s *Service) edited(ctx context.Context, g access.Grant, id hub.ID, c Change) (before, t Owned, err error) {
	if before, err = s.live(ctx, g, id); err != nil {
		return before, t, err
	}
	t = before
	if c.Name != nil {
		if t.Name, err = checkName(*c.Name); err != nil {
			return before, t, err
		}
	}
	if c.CanReadGated != nil {
		t.CanReadGated = *c.CanReadGated
	}
	if c.Scopes != nil || c.Global != nil || c.CanReadGated != nil {
		if err := s.editPermissions(ctx, g, &t, c); err != nil {
			return before, t, err
		}
	}
	if err := s.editExpiry(ctx, &t, before.Scopes, c); err != nil {
		return before, t, err
	}
	if c.Scopes != nil {
		err = s.checkCounts(ctx, t.UserName, t.Token, false, before.Scopes)
	}
	return before, t, err
}

// editExpiry checks a new end, and the old one against what organizations say that the token has not had to do with.
func (s *Service) editExpiry(ctx context.Context, t *Owned, before []hub.Scope, c Change) error {
	if c.ExpiresAt == nil && c.Scopes == nil {
		return nil
	}
	if c.ExpiresAt != nil {
		t.ExpiresAt, before = *c.ExpiresAt, nil
	}
	limits, err := s.lifetimes(ctx, t.Token, before)
	if err != nil {
		return err
	}
	if c.ExpiresAt == nil && limits.By == "" {
		return nil // what the hub says has not changed by it
	}
	t.ExpiresAt, err = limits.Expiry(t.ExpiresAt, t.ExpiresAt.IsZero(), t.Life(false).Born(), s.opts.Now().UTC())
	return err
}

// editPermissions checks new permissions as those of a new token. Scopes that stay are not looked up again: the owner
// may have lost sight of their entities meanwhile, and what he does not touch must not stand in his way.
func (s *Service) editPermissions(ctx context.Context, g access.Grant, t *Owned, c Change) error {
	owner, err := s.store.UserByID(ctx, t.UserID)
	if err != nil {
		return err
	}
	global := t.Global
	if c.Global != nil {
		global = *c.Global
	}
	if c.Scopes == nil && slices.Contains(global, hub.PermInferenceWrite) {
		return hub.Errorf(hub.InvalidInput, "%s belongs to the entry of a user or an organization: name that too.", hub.PermInferenceWrite)
	}
	kept := t.Scopes
	var scopes []NewScope
	if c.Scopes != nil {
		scopes, kept = *c.Scopes, nil
	}
	if t.Kind != hub.TokenFineGrained && (len(scopes) > 0 || len(global) > 0 || t.CanReadGated) {
		return hub.Errorf(hub.InvalidInput, "A %s token has no permissions of its own: only a fine-grained one has.", t.Kind)
	}
	if err := s.permissions(ctx, g, owner, &t.Token, scopes, global); err != nil {
		return err
	}
	if kept != nil {
		t.Scopes = kept
	}
	return nil
}
