// Package client is the other side of the hub's own interfaces: the operator's socket and the HTTP API.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// maxAnswer is the size in bytes that an answer of the hub may have.
const maxAnswer = 32 << 20

// Operator talks to a hub as its operator. Safe for concurrent use.
type Operator struct{ http http.Client }

// NewOperator returns an operator's client over rt, such as Socket or InProcess.
func NewOperator(rt http.RoundTripper) *Operator { return &Operator{http.Client{Transport: rt}} }

// Socket returns a transport to the Unix socket that dial opens.
func Socket(dial func(context.Context) (net.Conn, error)) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
}

// Do sends one call and decodes its answer into result, which may be nil. A refusal is a *hub.Error.
func (o *Operator) Do(ctx context.Context, call operatorapi.Call, args, result any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hub/"+string(call), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := o.http.Do(req)
	if err != nil {
		return fmt.Errorf("the hub's operator socket: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the hub's operator socket: %w", err)
	}
	if res.StatusCode >= 400 {
		var f operatorapi.Failure
		if json.Unmarshal(b, &f) != nil || f.Code == "" {
			return fmt.Errorf("the hub answered with status %d", res.StatusCode)
		}
		return &hub.Error{Code: f.Code, Message: f.Message}
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(b, result)
}

// Users returns all accounts.
func (o *Operator) Users(ctx context.Context) ([]operatorapi.User, error) {
	return all(func(after hub.ID) ([]operatorapi.User, hub.ID, error) {
		var p operatorapi.Users
		err := o.Do(ctx, operatorapi.UserList, operatorapi.List{After: after}, &p)
		return p.Items, p.Next, err
	})
}

// Orgs returns all organizations.
func (o *Operator) Orgs(ctx context.Context) ([]operatorapi.Org, error) {
	return all(func(after hub.ID) ([]operatorapi.Org, hub.ID, error) {
		var p operatorapi.Orgs
		err := o.Do(ctx, operatorapi.OrgList, operatorapi.List{After: after}, &p)
		return p.Items, p.Next, err
	})
}

// Members returns all members of an organization.
func (o *Operator) Members(ctx context.Context, org string) ([]operatorapi.Member, error) {
	return all(func(after hub.ID) ([]operatorapi.Member, hub.ID, error) {
		var p operatorapi.Members
		err := o.Do(ctx, operatorapi.MemberList, operatorapi.List{Of: org, After: after}, &p)
		return p.Items, p.Next, err
	})
}

// Tokens returns all tokens of a user, or of everybody when user is empty.
func (o *Operator) Tokens(ctx context.Context, user string) ([]operatorapi.Token, error) {
	return all(func(after hub.ID) ([]operatorapi.Token, hub.ID, error) {
		var p operatorapi.Tokens
		err := o.Do(ctx, operatorapi.TokenList, operatorapi.List{Of: user, After: after}, &p)
		return p.Items, p.Next, err
	})
}

func all[T any](page func(after hub.ID) ([]T, hub.ID, error)) ([]T, error) {
	list, after := []T{}, hub.ID("")
	for {
		items, next, err := page(after)
		if err != nil {
			return nil, err
		}
		list = append(list, items...)
		if next == "" {
			return list, nil
		}
		after = next
	}
}
