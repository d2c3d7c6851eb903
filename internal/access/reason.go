package access

import (
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// denial is one need that was not met, with all that its explanation is made of.
type denial struct {
	action    Action
	state     State
	layers    Layers
	target    Target
	repo      hub.Repo
	namespace hub.Namespace
	conflict  error
}

func refuse(s *Subject, ds []denial) error {
	return hub.Errorf(hub.Forbidden, "not allowed")
}

func deadCredential(s *Subject, now time.Time) error {
	return &hub.Error{Code: hub.InvalidCredentials, Message: hub.MessageInvalidCredentials}
}

func noNamespace(name string) error {
	return hub.Errorf(hub.NotFound, "There is no user or organization called %q.", name)
}
