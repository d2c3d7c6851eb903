package operator

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

func (h *Handler) tokenCreate(ctx context.Context, g access.Grant, n operatorapi.NewToken) (operatorapi.TokenWithValue, error) {
	if n.User == "" {
		return operatorapi.TokenWithValue{}, hub.Errorf(hub.InvalidInput, "A token belongs to a user: name one.")
	}
	scopes, err := parseScopes(n.Scopes)
	if err != nil {
		return operatorapi.TokenWithValue{}, err
	}
	t := tokens.NewToken{User: n.User, Name: n.Name, Kind: n.Kind, Scopes: scopes, Global: n.Global, CanReadGated: n.CanReadGated, Never: n.Never}
	if n.ExpiresAt != nil {
		t.ExpiresAt = *n.ExpiresAt
	}
	c, err := h.tokens.Create(ctx, g, t)
	return h.withValue(c), err
}

func (h *Handler) tokenList(ctx context.Context, g access.Grant, l operatorapi.List) (p operatorapi.Tokens, err error) {
	var list []tokens.Owned
	if l.Of != "" {
		list, err = h.tokens.Of(ctx, g, l.Of)
	} else {
		list, p.Next, err = h.tokens.All(ctx, g, l.After, operatorapi.Page)
	}
	for _, t := range list {
		p.Items = append(p.Items, h.tokenOf(t))
	}
	return p, err
}

func (h *Handler) tokenShow(ctx context.Context, g access.Grant, n operatorapi.ID) (operatorapi.Token, error) {
	t, err := h.tokens.Show(ctx, g, n.ID)
	return h.tokenOf(t), err
}

func (h *Handler) tokenEdit(ctx context.Context, g access.Grant, n operatorapi.EditToken) (operatorapi.Token, error) {
	c := tokens.Change{Name: n.Name, Global: n.Global, CanReadGated: n.CanReadGated, ExpiresAt: ending(n.ExpiresAt, n.Never)}
	if n.Scopes != nil {
		scopes, err := parseScopes(*n.Scopes)
		if err != nil {
			return operatorapi.Token{}, err
		}
		c.Scopes = &scopes
	}
	t, err := h.tokens.Edit(ctx, g, n.ID, c)
	return h.tokenOf(t), err
}

func (h *Handler) tokenRotate(ctx context.Context, g access.Grant, n operatorapi.RotateToken) (operatorapi.TokenWithValue, error) {
	c, err := h.tokens.Rotate(ctx, g, n.ID, tokens.Rotation{Overlap: hub.Seconds(n.Overlap), ExpiresAt: ending(n.ExpiresAt, n.Never)})
	return h.withValue(c), err
}

func (h *Handler) tokenDelete(ctx context.Context, g access.Grant, n operatorapi.ID) (empty, error) {
	return empty{}, h.tokens.Delete(ctx, g, n.ID)
}

func parseScopes(in []operatorapi.Scope) ([]tokens.NewScope, error) {
	var out []tokens.NewScope
	for _, s := range in {
		e, err := tokens.ParseEntity(s.Entity)
		if err != nil {
			return nil, err
		}
		out = append(out, tokens.NewScope{Entity: e, Permissions: s.Permissions})
	}
	return out, nil
}

// ending is the end that somebody asks for: the zero time for never, nil for none in particular.
func ending(at *time.Time, never bool) *time.Time {
	if never {
		return &time.Time{}
	}
	return at
}

func (h *Handler) withValue(c tokens.Created) operatorapi.TokenWithValue {
	return operatorapi.TokenWithValue{Token: h.tokenOf(c.Owned), Value: c.Value.Reveal()}
}

func (h *Handler) tokenOf(t tokens.Owned) operatorapi.Token {
	out := tokenOf(t)
	out.Signs = h.tokens.Signs(t.Token)
	return out
}

func tokenOf(t tokens.Owned) operatorapi.Token {
	out := operatorapi.Token{
		ID: t.ID, Name: t.Name, User: t.UserName, Kind: t.Kind, Last4: t.Last4, Global: t.Global, CanReadGated: t.CanReadGated,
		CreatedAt: t.CreatedAt, RotatedAt: optional(t.RotatedAt), ExpiresAt: optional(t.ExpiresAt), LastUsedAt: optional(t.LastUsedAt),
		Status: tokens.Status(t.Token, time.Now()),
	}
	for _, s := range t.Scopes {
		out.Scopes = append(out.Scopes, operatorapi.Scope{Entity: tokens.Entity{Type: s.EntityType, Name: s.EntityName}.String(), Permissions: s.Permissions})
	}
	return out
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
