package meta

import (
	"context"
	"strconv"
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The kinds of messages about tokens that have just come to wait for approval.
const (
	noticePending = "token.pending" // to the organization's admins: one token
	noticeWaiting = "token.waiting" // to the owner of one or more tokens
)

// mostNamed is how many tokens one message names.
const mostNamed = 20

// tellPending owes messages about a token that has just become pending: to the organization's admins and to the token's
// owner. before is the state that it had.
func (tx *Tx) tellPending(ctx context.Context, tokenID, orgID hub.ID, before hub.TokenState) error {
	org, err := readOrg(ctx, tx.queries, selectOrgByID, orgID)
	if err != nil {
		return err
	}
	tokens, err := collect(ctx, tx.queries, scanToken, selectTokenByID, tokenID)
	if err != nil || len(tokens) == 0 {
		return err
	}
	t := tokens[0]
	u, err := readUser(ctx, tx.queries, selectUserByID, t.UserID)
	if err != nil {
		return err
	}
	why := "It is new to the organization."
	if before == hub.TokenApproved {
		why = "It had been approved, and has been given more permissions."
	}
	data := map[string]string{"organization": org.Name, "user": u.Name, "token": t.Name, "last4": t.Last4, "id": string(t.ID), "why": why}
	return tx.enqueue(ctx, hub.Event{Notices: []hub.Notice{
		{Kind: noticePending, To: orgID, Data: data},
		{Kind: noticeWaiting, To: u.ID, Data: map[string]string{"organization": org.Name, "tokens": named(t), "count": "1", "why": why}},
	}})
}

func named(t hub.Token) string { return t.Name + " (..." + t.Last4 + ")" }

// tellOwners owes each owner of tokens that a switch of the policy made wait one message about all of them. The admins
// are told of the switch by one message, not of each token.
func (tx *Tx) tellOwners(ctx context.Context, orgID hub.ID, tokens []hub.ID) error {
	if len(tokens) == 0 {
		return nil
	}
	org, err := readOrg(ctx, tx.queries, selectOrgByID, orgID)
	if err != nil {
		return err
	}
	var owners []hub.ID
	names, count := map[hub.ID][]string{}, map[hub.ID]int{}
	for _, id := range tokens {
		all, err := collect(ctx, tx.queries, scanToken, selectTokenByID, id)
		if err != nil {
			return err
		}
		for _, t := range all {
			if count[t.UserID]++; count[t.UserID] == 1 {
				owners = append(owners, t.UserID)
			}
			if len(names[t.UserID]) < mostNamed {
				names[t.UserID] = append(names[t.UserID], named(t))
			}
		}
	}
	var ev hub.Event
	for _, id := range owners {
		list := strings.Join(names[id], ", ")
		if more := count[id] - len(names[id]); more > 0 {
			list += " and " + strconv.Itoa(more) + " more"
		}
		ev.Notices = append(ev.Notices, hub.Notice{Kind: noticeWaiting, To: id, Data: map[string]string{
			"organization": org.Name, "tokens": list, "count": strconv.Itoa(count[id]), "why": "The organization requires approval from now on.",
		}})
	}
	return tx.enqueue(ctx, ev)
}
