package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Session talks to a hub as a person who signed in, which is what managing one's tokens needs. Safe for concurrent use.
type Session struct {
	hub    *Hub
	cookie secret.String
}

// sessionCookie is the cookie that carries a session.
const sessionCookie = "token"

// SignIn begins a session. InvalidCredentials for a wrong name or password. End it with SignOut.
func (h *Hub) SignIn(ctx context.Context, name string, password secret.String) (*Session, error) {
	body, err := json.Marshal(map[string]string{"name": name, "password": password.Reveal()})
	if err != nil {
		return nil, err
	}
	s := &Session{hub: h}
	res, err := s.send(ctx, http.MethodPost, "/api/sessions", body, nil)
	if err != nil {
		return nil, err
	}
	for _, c := range res.Cookies() {
		if c.Name == sessionCookie {
			s.cookie = secret.New(c.Value)
			return s, nil
		}
	}
	return nil, fmt.Errorf("the hub at %s began no session", h.endpoint)
}

// SignOut ends the session.
func (s *Session) SignOut(ctx context.Context) error {
	_, err := s.send(ctx, http.MethodDelete, "/api/sessions/current", nil, nil)
	return err
}

// Hub is the hub's API as it answers this person's session, for as long as that lasts.
func (s *Session) Hub() *Hub {
	return &Hub{endpoint: s.hub.endpoint, cookie: s.cookie, http: s.hub.http}
}

// OwnToken is a token as its owner sees it.
type OwnToken struct {
	ID            hub.ID        `json:"_id"`
	Name          string        `json:"displayName"`
	Kind          hub.TokenKind `json:"role"`
	Last4         string        `json:"last4"`
	CreatedAt     time.Time     `json:"createdAt"`
	RotatedAt     *time.Time    `json:"rotatedAt"`
	ExpiresAt     *time.Time    `json:"expiresAt"`
	LastUsedAt    *time.Time    `json:"lastUsedAt"`
	Status        string        `json:"status"`
	Signs         []hub.Sign    `json:"signs"`
	Organizations []struct {
		Name   string         `json:"name"`
		Status hub.TokenState `json:"status"`
		Reason string         `json:"reason"`
	} `json:"organizations"`
	Value string `json:"token,omitempty"` // of a new or rotated one
}

// TokenFields describe a new token or a rotation, as POST /api/settings/tokens takes them.
type TokenFields map[string]any

// Tokens lists the person's tokens.
func (s *Session) Tokens(ctx context.Context) (list []OwnToken, err error) {
	_, err = s.send(ctx, http.MethodGet, "/api/settings/tokens", nil, &list)
	return list, err
}

// CreateToken makes a token; the answer has its value.
func (s *Session) CreateToken(ctx context.Context, f TokenFields) (t OwnToken, err error) {
	return t, s.post(ctx, "/api/settings/tokens", f, &t)
}

// RotateToken gives a token a new value, which the answer has.
func (s *Session) RotateToken(ctx context.Context, id hub.ID, f TokenFields) (t OwnToken, err error) {
	return t, s.post(ctx, tokenPath(id)+"/rotate", f, &t)
}

// DeleteToken ends a token for ever.
func (s *Session) DeleteToken(ctx context.Context, id hub.ID) error {
	_, err := s.send(ctx, http.MethodDelete, tokenPath(id), nil, nil)
	return err
}

func tokenPath(id hub.ID) string { return "/api/settings/tokens/" + url.PathEscape(string(id)) }

func (s *Session) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = s.send(ctx, http.MethodPost, path, body, out)
	return err
}

func (s *Session) send(ctx context.Context, method, path string, body []byte, result any) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.hub.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ambit")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if !s.cookie.IsZero() {
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: s.cookie.Reveal()})
	}
	res, err := s.hub.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the hub at %s cannot be reached", s.hub.endpoint) // the cause may hold the request
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("the hub at %s: %w", s.hub.endpoint, err)
	}
	if res.StatusCode >= 400 {
		return nil, failure(res, b)
	}
	if result != nil {
		if err := json.Unmarshal(b, result); err != nil {
			return nil, fmt.Errorf("the answer of %s is not that of a hub: %w", s.hub.endpoint, err)
		}
	}
	return res, nil
}
