package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/secret"
)

// Value is one setting's typed value seen as text. Errors of Set are sentences without the value when it is secret.
type Value interface {
	Set(string) error
	String() string
	Type() string // for people: "size", "duration", …
}

type value struct {
	kind   string
	secret bool
	set    func(string) error
	show   func() string
}

func (v value) Set(s string) error { return v.set(s) }
func (v value) String() string     { return v.show() }
func (v value) Type() string       { return v.kind }

// IsSecret tells whether a setting's value must never be shown; such a setting can also be read from the
// file that its environment variable with the suffix _FILE names.
func (s Setting) IsSecret() bool { return s.Value.(value).secret }

func text(p *string) Value {
	return value{kind: "text", set: func(s string) error { *p = s; return nil }, show: func() string { return *p }}
}

func secretText(p *secret.String) Value {
	return value{kind: "secret", secret: true,
		set: func(s string) error { *p = secret.New(s); return nil },
		show: func() string {
			if p.IsZero() {
				return ""
			}
			return p.String()
		}}
}

func number(p *int) Value {
	return value{kind: "number", show: func() string { return strconv.Itoa(*p) }, set: func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		*p = n
		return nil
	}}
}

func size(p *int64) Value {
	return value{kind: "size", show: func() string { return FormatSize(*p) }, set: func(s string) error {
		n, err := ParseSize(s)
		if err != nil {
			return err
		}
		*p = n
		return nil
	}}
}

func duration(p *time.Duration) Value {
	return value{kind: "duration", show: func() string { return FormatDuration(*p) }, set: func(s string) error {
		d, err := ParseDuration(s)
		if err != nil {
			return err
		}
		*p = d
		return nil
	}}
}

func yesNo(p *bool) Value {
	return value{kind: "true, false", show: func() string { return strconv.FormatBool(*p) }, set: func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		*p = b
		return nil
	}}
}

func choice(p *string, options ...string) Value {
	return value{kind: strings.Join(options, ", "), show: func() string { return *p }, set: func(s string) error {
		if !slices.Contains(options, s) {
			return fmt.Errorf("%q is not one of %s", s, strings.Join(options, ", "))
		}
		*p = s
		return nil
	}}
}

func prefixes(p *[]netip.Prefix) Value {
	show := func() string {
		var out []string
		for _, x := range *p {
			out = append(out, x.String())
		}
		return strings.Join(out, ", ")
	}
	return value{kind: "list of networks", show: show, set: func(s string) error {
		var out []netip.Prefix
		for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
			x, err := netip.ParsePrefix(f)
			if err != nil {
				a, aerr := netip.ParseAddr(f)
				if aerr != nil {
					return fmt.Errorf("%q is neither a network such as 10.0.0.0/8 nor an address", f)
				}
				x = netip.PrefixFrom(a, a.BitLen())
			}
			out = append(out, x.Masked())
		}
		*p = out
		return nil
	}}
}

var sizeUnits = []struct {
	name   string
	factor int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// ParseSize reads a number of bytes: "1048576", "64KiB", "8 MiB", "1GB".
func ParseSize(s string) (int64, error) {
	digits, factor := strings.TrimSpace(s), int64(1)
	for _, u := range sizeUnits {
		if head, ok := strings.CutSuffix(digits, u.name); ok {
			digits, factor = strings.TrimSpace(head), u.factor
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, fmt.Errorf("%q is not a size such as 64KiB, 8MiB or 1TiB", s)
	}
	return n * factor, nil
}

// FormatSize prints a number of bytes so that ParseSize reads it back.
func FormatSize(n int64) string {
	for _, u := range sizeUnits[:4] {
		if n >= u.factor && n%u.factor == 0 {
			return strconv.FormatInt(n/u.factor, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// ParseDuration reads a Go duration ("90s", "1h30m"), a number of days ("30d") or "0".
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n >= 0 && n <= 100_000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
		return 0, fmt.Errorf("%q is not a duration such as 90s, 20m, 12h or 30d", s)
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration such as 90s, 20m, 12h or 30d", s)
	}
	return d, nil
}

// FormatDuration prints a duration so that ParseDuration reads it back, whole days as "14d".
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0"
	case d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return d.String()
}
