package access

import (
	"strings"

	"github.com/ambit-hub/ambit/internal/hub"
)

// The names that answers tell lie one behind the other in one string: of who acts, of the token with the last four letters
// of its value, and of the organizations in the order of their rows.
const (
	nameActor = iota
	nameToken
	nameLast4
	nameOrgs
)

const nameEnd = "\n"

func (s *Subject) setNames(f *hub.SubjectFacts) {
	names := make([]string, nameOrgs+len(s.orgs()))
	if names[nameActor] = f.User.Name; f.Service != nil {
		names[nameActor] = f.Service.Name
	}
	if f.Token != nil {
		names[nameToken], names[nameLast4] = f.Token.Name, f.Token.Last4
	}
	for i := range f.Memberships {
		if at := s.orgIndex(keyOf(f.Memberships[i].OrgID)); at >= 0 {
			names[nameOrgs+at] = f.Memberships[i].OrgName
		}
	}
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], nameEnd, " ") // there is none: it would shift the others
	}
	s.names = strings.Join(names, nameEnd)
}

// name is the i-th name, empty if there are not as many.
func (s *Subject) name(i int) string {
	name, rest, _ := strings.Cut(s.names, nameEnd)
	for ; i > 0; i-- {
		name, rest, _ = strings.Cut(rest, nameEnd)
	}
	return name
}

// orgName is the name of an organization that the subject is a member of.
func (s *Subject) orgName(t tail) string {
	for i, r := range s.orgs() {
		if r.tail == t {
			return s.name(nameOrgs + i)
		}
	}
	return ""
}

// orgNamed is the tail of the organization of that name that the subject is a member of, the zero tail if there is none.
func (s *Subject) orgNamed(name string) tail {
	orgs := s.orgs()
	if len(orgs) == 0 {
		return 0
	}
	for i, names := -nameOrgs, s.names; i < len(orgs); i++ {
		var org string
		if org, names, _ = strings.Cut(names, nameEnd); i >= 0 && strings.EqualFold(org, name) {
			return orgs[i].tail
		}
	}
	return 0
}
