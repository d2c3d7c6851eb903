package tokens

import (
	"fmt"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// created is what the event of a new token says.
func created(t hub.Token, owner string) string {
	text := fmt.Sprintf("created %s token %q of %s", t.Kind, t.Name, owner)
	if may := t.Says(); may != "" {
		text += ": " + may
	}
	return text
}

// changed is what the event of a changed token says: what is another than before.
func changed(before, after Owned) string {
	text := fmt.Sprintf("changed token %q of %s", before.Name, after.UserName)
	if after.Name != before.Name {
		text += fmt.Sprintf(": it is called %q now", after.Name)
	}
	if a, b := before.Says(), after.Says(); a != b {
		text += ": may " + b + "; before: " + a
	}
	if !after.ExpiresAt.Equal(before.ExpiresAt) {
		text += ": ends " + end(after.ExpiresAt) + "; before: " + end(before.ExpiresAt)
	}
	return text
}

func end(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}
