package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/secret"
)

// webhook posts messages as JSON, signed as Standard Webhooks describes: the receiver computes HMAC-SHA-256 over
// "id.timestamp.body" under the shared secret, compares it with the header, and refuses old timestamps.
// Source: standardwebhooks.com, specification, "Signature scheme".
type webhook struct {
	url    string
	secret secret.String
	client *http.Client
	now    func() time.Time
}

// webhookTime is how long handing over one message may take.
const webhookTime = 15 * time.Second

// NewWebhook makes the channel of the instance's webhook. Redirects are not followed.
func NewWebhook(url string, s secret.String) Channel {
	return &webhook{url: url, secret: s, now: time.Now, client: &http.Client{
		Timeout:       webhookTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Name is "webhook".
func (w *webhook) Name() string { return "webhook" }

// Deliver posts one message. Any status of 2xx is success, 410 Gone a refusal for good.
func (w *webhook) Deliver(ctx context.Context, m Message) error {
	body, err := json.Marshal(map[string]any{
		"type": m.Kind, "timestamp": m.At.UTC().Format(time.RFC3339Nano),
		"data": map[string]any{"user": m.To, "subject": m.Subject, "text": m.Text, "details": m.Data},
	})
	if err != nil {
		return &Permanent{err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return &Permanent{err}
	}
	id, at := "msg_"+string(m.ID), strconv.FormatInt(w.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", Sign(w.secret, id, at, body))
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("the webhook's receiver cannot be reached") // the error of net/http holds the URL
	}
	defer res.Body.Close()
	io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusGone:
		return &Permanent{fmt.Errorf("the webhook's receiver is gone for good")}
	}
	return fmt.Errorf("the webhook's receiver answered with status %d", res.StatusCode)
}

// keyPrefix is how a secret begins whose rest is the key in base64, as receivers' libraries have it.
// Source: standardwebhooks.com, specification, "Symmetric".
const keyPrefix = "whsec_"

// keyOf is the key of a secret: the bytes that whsec_ announces, else the secret as it is.
func keyOf(s string) []byte {
	if text, ok := strings.CutPrefix(s, keyPrefix); ok {
		if key, err := base64.StdEncoding.DecodeString(text); err == nil {
			return key
		}
	}
	return []byte(s)
}

// Sign returns the value of Webhook-Signature.
func Sign(key secret.String, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, keyOf(key.Reveal()))
	fmt.Fprintf(h, "%s.%s.", id, timestamp)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
