package tokens

import (
	"slices"
	"strconv"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

// expiresSoon is when the second warning is due.
const expiresSoon = 24 * time.Hour

// Signs tells what is remarkable about a token on this hub; nothing about one that is not live.
func (s *Service) Signs(t hub.Token) []hub.Sign { return Signs(t, s.limits(), s.opts.Now()) }

// Signs tells what is remarkable about a token where values may live as long as limits say; nothing about one that is not
// live. It is broad when it is an unscoped write token, or when it writes all of a namespace or administers it.
func Signs(t hub.Token, limits hub.Lifetimes, now time.Time) []hub.Sign {
	if Status(t, now) != "live" {
		return nil
	}
	broad := t.Kind == hub.TokenWrite || slices.ContainsFunc(t.Scopes, func(s hub.Scope) bool {
		return (s.EntityType == hub.EntityUser || s.EntityType == hub.EntityOrg) && hub.IsBroad(s.Permissions)
	})
	return t.Life(broad).Signs(limits, now)
}

// describe is what messages tell of a token.
func describe(t hub.Token) map[string]string {
	return map[string]string{"token": t.Name, "last4": t.Last4, "id": string(t.ID)}
}

// digestOf counts the signs of all tokens for the administrators' summary.
func digestOf(counts map[hub.Sign]int, live int) map[string]string {
	data := map[string]string{"live": strconv.Itoa(live)}
	for _, s := range hub.Signs {
		data[string(s)] = strconv.Itoa(counts[s])
	}
	return data
}
