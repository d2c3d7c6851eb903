package meta

import (
	"context"

	"github.com/ambit-hub/ambit/internal/hub"
)

// noticePending is the kind of the message that a token waits for approval.
const noticePending = "token.pending"

// tellPending owes the organization's admins a message when a token has just become pending: before says in which
// state it was. A switch of the policy, which moves many tokens at once, is told by one message of its own.
func (tx *Tx) tellPending(ctx context.Context, tokenID, orgID hub.ID, before hub.TokenState) error {
	g, _, err := readGrant(ctx, tx.queries, tokenID, orgID)
	if err != nil || g.State != hub.TokenPending || before == hub.TokenPending {
		return err
	}
	org, err := readOrg(ctx, tx.queries, selectOrgByID, orgID)
	if err != nil {
		return err
	}
	rules, err := readRules(ctx, tx.queries, orgID)
	if err != nil || rules.Tokens != hub.RequireApproval {
		return err
	}
	tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, tokenID)
	if err != nil || len(tokens) == 0 {
		return err
	}
	u, err := readUser(ctx, tx.queries, selectUserByID, tokens[0].UserID)
	if err != nil {
		return err
	}
	return tx.enqueue(ctx, hub.Event{Notices: []hub.Notice{{Kind: noticePending, To: orgID, Data: map[string]string{
		"organization": org.Name, "user": u.Name, "token": tokens[0].Name, "last4": tokens[0].Last4,
	}}}})
}
