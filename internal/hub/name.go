package hub

import (
	"regexp"
	"strings"
)

// MaxName is the length in bytes that a namespace or repository name may have.
// Source: huggingface_hub utils/_validators.py, REPO_ID_REGEX.
const MaxName = 96

// The client's rule is \b[\w\-.]{1,96}\b: a name starts and ends with a letter, digit or underscore.
// So "hub.js" and "__ci__" are names. Only ASCII is accepted, though Python's \w would let more pass.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.\-]{0,94}[A-Za-z0-9_])?$`)

// reserved are first path segments of the hub's own URLs: a namespace of that name could not be reached.
var reserved = wordSet(`.well-known api auth assets admin blog buckets chat collections datasets docs
	enterprise explore favicon.ico health healthz hooks inference join kernels login logout me metrics models
	new notifications oauth organizations papers posts pricing readyz resolve robots.txt scim search settings
	setup signup spaces static tasks tokens users v1 v2 whoami xet`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

func checkName(what, s string) error {
	switch {
	case s == "":
		return Errorf(InvalidInput, "The %s is empty.", what)
	case len(s) > MaxName:
		return Errorf(InvalidInput, "The %s is longer than %d characters.", what, MaxName)
	case !namePattern.MatchString(s):
		return Errorf(InvalidInput, "The %s may contain letters, digits, '-', '_' and '.', and must start and end with a letter, a digit or '_'.", what)
	case strings.Contains(s, "--"), strings.Contains(s, ".."):
		return Errorf(InvalidInput, "The %s must not contain '--' or '..'.", what)
	case strings.HasSuffix(strings.ToLower(s), ".git"):
		return Errorf(InvalidInput, "The %s must not end in '.git'.", what)
	}
	return CheckNoToken(what, s)
}

// CheckNamespace tells whether s may name a new user or organization; the error is InvalidInput.
// A name that is also a fixed first segment of the hub's URLs is refused.
func CheckNamespace(s string) error {
	if err := checkName("name", s); err != nil {
		return err
	}
	if reserved[strings.ToLower(s)] {
		return Errorf(InvalidInput, "The name %q is reserved for the hub's own pages.", s)
	}
	return nil
}

// CheckRepoName tells whether s, without namespace, may name a repository; the error is InvalidInput.
func CheckRepoName(s string) error { return checkName("repository name", s) }

// NameKey is the form under which names are unique: lookups ignore case, display keeps it.
func NameKey(s string) string { return strings.ToLower(s) }
