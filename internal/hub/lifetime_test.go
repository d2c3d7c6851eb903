package hub_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
)

func TestLifetimes(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	born := now.Add(-10 * day)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	var none time.Time
	of := func(longest, usual time.Duration) hub.Lifetimes { return hub.Lifetimes{Longest: longest, Usual: usual} }
	acme := hub.Lifetimes{Longest: 90 * day}.Within(hub.OrgRules{MaxLifetime: 30 * day, Lifetime: 7 * day}, "acme")
	for name, c := range map[string]struct {
		l      hub.Lifetimes
		at     time.Time
		never  bool
		want   time.Time
		refuse string
	}{
		"nothing said":                    {of(0, 0), none, false, none, ""},
		"an end":                          {of(0, 0), at(day), false, at(day), ""},
		"the usual one":                   {of(0, 30*day), none, false, at(30 * day), ""},
		"never, though unusual":           {of(0, 30*day), none, true, none, ""},
		"never, where there is a longest": {of(90*day, 30*day), none, true, none, "On this hub a token must expire, at the latest on 2027-03-22"},
		"missing":                         {of(90*day, 0), none, false, none, "must expire"},
		"usual longer than longest":       {of(5*day, 30*day), none, false, none, "at the latest on 2026-12-27"},
		"past":                            {of(0, 0), at(-1), false, none, "in the past"},
		"at the limit":                    {of(30*day, 0), at(20 * day), false, at(20 * day), ""},
		"over the limit":                  {of(30*day, 0), at(20*day + 1), false, none, "at the latest on 2027-01-21"},
		"the organization is named":       {acme, at(50 * day), false, none, "In acme a token expires"},
		"the organization's usual":        {acme, none, false, at(7 * day), ""},
		"after the end of time":           {of(0, 0), now.AddDate(250, 0, 0), false, none, "100 years"},
	} {
		got, err := c.l.Expiry(c.at, c.never, born, now)
		if c.refuse != "" {
			if !hub.Is(err, hub.InvalidInput) || !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
	wider := hub.Lifetimes{Longest: 5 * day, Usual: day}.Within(hub.OrgRules{MaxLifetime: 30 * day, Lifetime: 7 * day}, "acme")
	if wider != (hub.Lifetimes{Longest: 5 * day, Usual: day}) {
		t.Errorf("an organization lengthens: %+v", wider)
	}
	for _, c := range []struct{ l, at, want time.Duration }{{0, 0, 0}, {30 * day, 0, 30 * day}, {30 * day, 40 * day, 30 * day}, {30 * day, day, day}} {
		end := func(d time.Duration) time.Time {
			if d == 0 {
				return none
			}
			return at(d)
		}
		if got := of(c.l, 0).Kept(end(c.at), now); !got.Equal(end(c.want)) {
			t.Errorf("kept %v under %v: %v", c.at, c.l, got)
		}
	}
	if l := of(30*day, 0); l.Exceeded(now, at(30*day)) || !l.Exceeded(now, at(31*day)) || !l.Exceeded(now, none) || of(0, 0).Exceeded(now, none) {
		t.Error("Exceeded")
	}
}

func TestOverlapInSeconds(t *testing.T) {
	for wish, ok := range map[time.Duration]bool{-time.Second: false, 0: true, time.Hour: true, time.Hour + 1: false} {
		if err := hub.CheckOverlap(wish, time.Hour); (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "0 to 3600 seconds") {
			t.Errorf("%v: %v", wish, err)
		}
	}
}
