package meta

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

const (
	rulesColumns = `
		SELECT o.id, o.token_policy, o.ssh, o.private_only, o.group_creation, o.ip_ranges, o.features,
			o.token_max_lifetime, o.token_lifetime, o.token_max_count, o.leaks, o.members_public FROM orgs o `
	selectRules     = rulesColumns + `WHERE o.id = ?`
	selectRulesUser = rulesColumns + `
		JOIN members m ON m.org_id = o.id
		WHERE m.user_id = ? AND (o.token_policy <> 'allow_all' OR o.ssh <> '' OR o.private_only <> 0
			OR o.group_creation <> 5 OR o.ip_ranges <> '[]' OR o.features <> '{}')
		ORDER BY o.id`
	updateRules = `
		UPDATE orgs SET token_policy = ?, ssh = ?, private_only = ?, group_creation = ?, ip_ranges = ?, features = ?,
			token_max_lifetime = ?, token_lifetime = ?, token_max_count = ?, leaks = ?, members_public = ?
		WHERE id = ?`
)

func scanRules(s scanner) (r hub.OrgRules, err error) {
	var ranges []netip.Prefix
	var features map[hub.Feature]hub.FeatureRule
	var longest, usual int64 // seconds
	err = s.Scan(&r.OrgID, &r.Tokens, &r.SSH, &r.PrivateOnly, &r.GroupCreation, asJSON{&ranges}, asJSON{&features},
		&longest, &usual, &r.MaxTokens, &r.Leaks, &r.MembersPublic)
	r.MaxLifetime, r.Lifetime = time.Duration(longest)*time.Second, time.Duration(usual)*time.Second
	r.IPRanges = ranges
	if len(features) > 0 {
		r.Features = features
	}
	return r, err
}

// OrgRules returns the settings of an organization that access decisions read. NotFound.
func (db *DB) OrgRules(ctx context.Context, orgID hub.ID) (hub.OrgRules, error) {
	r, err := readRules(ctx, db.single, orgID)
	return r, db.fail(err, "reading the rules of an organization")
}

func readRules(ctx context.Context, q queries, orgID hub.ID) (hub.OrgRules, error) {
	all, err := collect(ctx, q, scanRules, selectRules, orgID)
	if err != nil {
		return hub.OrgRules{}, err
	}
	if len(all) == 0 {
		return hub.OrgRules{}, noOrg()
	}
	return all[0], nil
}

// ChangeOrgRules reads the rules under the organization's lock, lets change alter them, and stores them. change returns
// the sentence for the audit log and may run more than once. When administrator approval becomes required,
// fine-grained tokens with scopes there enter the review: those that an admin made are approved, the others wait;
// what was decided before still holds. NotFound; and the errors of change, as they are.
func (db *DB) ChangeOrgRules(ctx context.Context, orgID hub.ID, ev hub.Event, change func(*hub.OrgRules) (message string, err error)) error {
	return db.mutate(ctx, "changing the rules of an organization", func(tx *Tx) error {
		if err := tx.lockOrg(ctx, orgID); err != nil {
			return err
		}
		old, err := readRules(ctx, tx.queries, orgID)
		if err != nil {
			return err
		}
		r, err := readRules(ctx, tx.queries, orgID)
		if err != nil {
			return err
		}
		if ev.Message, err = change(&r); err != nil {
			return err
		}
		if err := tx.putRules(ctx, orgID, r); err != nil {
			return err
		}
		kind := "org.update_settings"
		switch {
		case r.Tokens == old.Tokens:
		case r.Tokens == hub.RequireApproval:
			kind = "org.token_approval.enabled"
			err = tx.reviewAll(ctx, ev, orgID)
		case old.Tokens == hub.RequireApproval:
			kind = "org.token_approval.disabled"
		}
		if err != nil {
			return err
		}
		return tx.record(ctx, about(ev, orgID), kind, orgChange(orgID))
	})
}

func (tx *Tx) putRules(ctx context.Context, orgID hub.ID, r hub.OrgRules) error {
	features := "{}"
	if len(r.Features) > 0 {
		b, err := json.Marshal(r.Features)
		if err != nil {
			return err
		}
		features = string(b)
	}
	ranges := make([]string, len(r.IPRanges))
	for i, p := range r.IPRanges {
		ranges[i] = p.String()
	}
	_, err := tx.exec(ctx, updateRules, string(r.Tokens), string(r.SSH), r.PrivateOnly, r.GroupCreation, list(ranges), features,
		int64(r.MaxLifetime/time.Second), int64(r.Lifetime/time.Second), r.MaxTokens, string(r.Leaks), r.MembersPublic, orgID)
	return err
}
