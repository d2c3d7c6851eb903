package daemon

import (
	"context"
	"strconv"

	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/outbox"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// openOutbox makes what delivers messages, through the channels that are configured. The error is a sentence for the
// operator.
func openOutbox(cfg *config.Config, db *meta.DB, logError func(context.Context, string, error)) (*outbox.Service, error) {
	var channels []outbox.Channel
	if m := cfg.Mail; m.Server != "" {
		c, err := outbox.NewMail(outbox.MailOptions{Server: m.Server, From: m.From, User: m.User, Password: m.Password, TLS: m.TLS})
		if err != nil {
			return nil, refuse(err, "Mails cannot be sent as configured: %v.", err)
		}
		channels = append(channels, c)
	}
	if cfg.Webhook.URL != "" {
		channels = append(channels, outbox.NewWebhook(cfg.Webhook.URL, cfg.Webhook.Secret))
	}
	return outbox.New(db, channels, outbox.Options{Hub: cfg.PublicURL, LogError: logError}), nil
}

// postCheckpoints returns what hands checkpoints of the audit log to the webhook; nil when that is not wanted.
func postCheckpoints(cfg *config.Config) func(context.Context, hub.AuditCheckpoint) error {
	if !cfg.Audit.CheckpointPost {
		return nil
	}
	to := outbox.NewWebhook(cfg.Webhook.URL, cfg.Webhook.Secret)
	return func(ctx context.Context, c hub.AuditCheckpoint) error {
		return to.Deliver(ctx, outbox.Message{ID: hub.NewIDAt(c.At), Kind: "audit.checkpoint", At: c.At, Subject: "Checkpoint of the audit log",
			Text: c.Note, Data: map[string]string{"size": strconv.FormatInt(c.Size, 10), "note": c.Note}})
	}
}
