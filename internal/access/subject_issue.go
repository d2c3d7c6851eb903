package access

import (
	"slices"

	"github.com/ambit-hub/ambit/internal/hub"
)

// Restrictions names every reason why the organization does not take this credential now, for whoami; nil when it
// does, or when the subject is no member. No name comes twice: of what a token policy says only one concerns a kind of
// credential.
// Source: Hub OpenAPI, securityRestrictions.
func (s *Subject) Restrictions(org hub.ID) (names []string) {
	o := objectOfNamespace(org)
	for r, on := range abstract(s, &o, noTime).restrictions() {
		if on {
			names = append(names, restrictionNames[r])
		}
	}
	return names
}

// MissingToIssue returns the permissions among want that the subject does not itself hold in the organization, in
// the order given: who issues a service account's token cannot hand out more. A person's unscoped credential holds
// what the role gives; the caller has been granted ServiceAccountsWrite.
func (s *Subject) MissingToIssue(org hub.ID, want []hub.Permission) (missing []hub.Permission) {
	if s.Kind() < KindFineGrained {
		return nil
	}
	var entry uint32
	for i, k := 0, keyOf(org); i < len(s.rows); i++ {
		if r := &s.rows[i]; r.key == k {
			entry = r.fact >> rowShift
		}
	}
	var held []hub.Permission
	for i, p := range permissions {
		if entry>>i&1 != 0 {
			held = append(held, p)
		}
	}
	for _, p := range want {
		if !slices.Contains(held, p) && !slices.ContainsFunc(held, func(h hub.Permission) bool { return implies(h, p) }) {
			missing = append(missing, p)
		}
	}
	return missing
}

// implies tells whether holding h means holding p.
func implies(h, p hub.Permission) bool {
	switch h {
	case hub.PermRepoWrite:
		return p == hub.PermRepoContentRead || p == hub.PermRepoAccessRead
	case hub.PermOrgWrite:
		return p == hub.PermOrgRead
	case hub.PermOrgSAWrite:
		return p == hub.PermOrgSARead
	case hub.PermCollectionWrite:
		return p == hub.PermCollectionRead
	}
	return false
}
