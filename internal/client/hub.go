package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
)

// Hub talks to a hub's HTTP API with a token, as any client does. Safe for concurrent use.
type Hub struct {
	endpoint string
	token    secret.String
	cookie   secret.String // of a session, in place of a token
	http     http.Client
}

// answerTimeout is how long one call of the API may take.
const answerTimeout = time.Minute

// NewHub makes a client. endpoint is an origin, such as http://localhost:8080; rt nil means the network. InvalidInput.
func NewHub(endpoint string, token secret.String, rt http.RoundTripper) (*Hub, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, hub.Errorf(hub.InvalidInput, "%q is not the URL of a hub, such as http://localhost:8080.", endpoint)
	}
	return &Hub{endpoint: strings.TrimRight(endpoint, "/"), token: token, http: http.Client{Transport: rt, Timeout: answerTimeout}}, nil
}

// WhoAmI is the answer of GET /api/whoami-v2.
type WhoAmI struct {
	Type     string `json:"type"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	FullName string `json:"fullname"`
	Email    string `json:"email,omitempty"`
	Orgs     []struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		RoleInOrg string `json:"roleInOrg"`
	} `json:"orgs"`
	Auth struct {
		Type        string     `json:"type"`
		ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
		AccessToken *struct {
			DisplayName string `json:"displayName"`
			Role        string `json:"role"`
			FineGrained *struct {
				CanReadGatedRepos bool             `json:"canReadGatedRepos"`
				Global            []hub.Permission `json:"global"`
				Scoped            []struct {
					Entity struct {
						ID   string `json:"_id"`
						Type string `json:"type"`
						Name string `json:"name"`
					} `json:"entity"`
					Permissions []hub.Permission `json:"permissions"`
				} `json:"scoped"`
			} `json:"fineGrained,omitempty"`
		} `json:"accessToken,omitempty"`
	} `json:"auth"`
}

// WhoAmI asks whom the token belongs to. InvalidCredentials for a token that the hub refuses.
func (h *Hub) WhoAmI(ctx context.Context) (w WhoAmI, err error) {
	return w, h.do(ctx, http.MethodGet, "/api/whoami-v2", "", nil, &w)
}

// CreateRepo makes a repository; Conflict when it exists.
func (h *Hub) CreateRepo(ctx context.Context, id hub.RepoID, private bool) error {
	body, err := json.Marshal(map[string]any{"type": id.Type, "name": id.Name, "organization": id.Namespace, "private": private})
	if err != nil {
		return err
	}
	return h.do(ctx, http.MethodPost, "/api/repos/create", "application/json", body, nil)
}

// File is a small text file of a commit.
type File struct {
	Path    string
	Content string
}

// Commit puts small files on the default branch in one commit.
func (h *Hub) Commit(ctx context.Context, id hub.RepoID, summary string, files []File) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	line := func(key string, value any) error { return enc.Encode(map[string]any{"key": key, "value": value}) }
	err := line("header", map[string]string{"summary": summary})
	for _, f := range files {
		err = errors.Join(err, line("file", map[string]string{"path": f.Path, "content": f.Content, "encoding": "utf-8"}))
	}
	if err != nil {
		return err
	}
	return h.do(ctx, http.MethodPost, id.APIPath()+"/commit/"+hub.DefaultBranch, "application/x-ndjson", b.Bytes(), nil)
}

func (h *Hub) do(ctx context.Context, method, path, contentType string, body []byte, result any) error {
	req, err := http.NewRequestWithContext(ctx, method, h.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "ambit")
	if !h.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+h.token.Reveal())
	}
	if !h.cookie.IsZero() {
		req.AddCookie(&http.Cookie{Name: sessionCookie, Value: h.cookie.Reveal()})
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := h.http.Do(req)
	if err != nil {
		return fmt.Errorf("the hub at %s: %w", h.endpoint, errors.Unwrap(err))
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the hub at %s: %w", h.endpoint, err)
	}
	if res.StatusCode >= 400 {
		return failure(res, b)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(b, result); err != nil {
		return fmt.Errorf("the answer of %s is not that of a hub: %w", h.endpoint, err)
	}
	return nil
}

// failure turns an error answer into an error with the code that fits its status.
func failure(res *http.Response, body []byte) error {
	code := hub.Code(res.Header.Get("X-Error-Code"))
	if code == "" {
		code = map[int]hub.Code{
			http.StatusBadRequest: hub.InvalidInput, http.StatusUnauthorized: hub.InvalidCredentials, http.StatusForbidden: hub.Forbidden,
			http.StatusNotFound: hub.NotFound, http.StatusConflict: hub.Conflict, http.StatusTooManyRequests: hub.TooManyRequests,
		}[res.StatusCode]
	}
	if code == "" {
		code = hub.Internal
	}
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // an answer that is not JSON has no sentence for us
	text := strings.TrimSpace(e.Error)
	if text == "" {
		text = res.Status
	}
	return hub.Errorf(code, "The hub answered: %s", text)
}
