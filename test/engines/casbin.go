package main

import (
	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
)

// Roles in domains, as its documentation does it; what a token carries is a function of Go, since no policy language
// for it comes with the engine.
const casbinModel = `
[request_definition]
r = sub, repo, act

[policy_definition]
p = role, in, act, what

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && (p.in == "all" || p.in == "owner" && g(r.sub.User, p.role, r.repo.Owner) || p.in == "group" && g(r.sub.User, p.role, r.repo.Group)) && there(p.what, r.sub, r.repo) && taken(r.sub, r.repo, r.act) && carries(r.sub, r.repo, r.act)
`

type casbinEngine struct {
	*casbin.Enforcer
	u *universe
}

func newCasbin(u *universe) (engine, error) {
	m, err := model.NewModelFromString(casbinModel)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	e.AddFunction("there", func(args ...any) (any, error) {
		return there(args[0].(string), args[1].(*subject), args[2].(*repo)), nil
	})
	e.AddFunction("taken", func(args ...any) (any, error) {
		return taken(args[0].(*subject), args[1].(*repo), args[2].(string)), nil
	})
	e.AddFunction("carries", func(args ...any) (any, error) {
		return carries(args[0].(*subject), args[1].(*repo), args[2].(string)), nil
	})
	if _, err := e.AddPolicies(casbinPolicies()); err != nil {
		return nil, err
	}
	var roles [][]string
	seen := map[string]bool{}
	for _, s := range u.Subjects {
		if seen[s.User] {
			continue
		}
		seen[s.User] = true
		roles = append(roles, []string{s.User, "owner", s.User})
		for org, role := range s.Roles {
			roles = append(roles, []string{s.User, role, org})
		}
		for group, role := range s.Groups {
			roles = append(roles, []string{s.User, role, group})
		}
	}
	_, err = e.AddGroupingPolicies(roles)
	return &casbinEngine{e, u}, err
}

// casbinPolicies are the roles' rights. In a resource group its roles stand in place of the organization's, except for the
// organization's admins; a public repository there is read by every member.
func casbinPolicies() (ps [][]string) {
	add := func(role, in, what string, acts ...string) {
		for _, act := range acts {
			ps = append(ps, []string{role, in, act, what})
		}
	}
	reading := []string{"repo.view", "repo.content.read", "repo.preupload"}
	writing := []string{"repo.write", "repo.settings", "repo.publish", "repo.delete"}
	add("everyone", "all", "public", "repo.view", "repo.preupload")
	add("everyone", "all", "open", "repo.content.read")
	for _, role := range []string{"owner", "admin"} {
		add(role, "owner", "any", append(reading, writing...)...)
	}
	for _, role := range []string{"read", "contributor", "write"} {
		add(role, "owner", "ungrouped", reading...)
		add(role, "owner", "grouped-public", reading...)
	}
	add("write", "owner", "ungrouped", writing...)
	add("contributor", "owner", "ungrouped-own", writing...)
	for _, role := range []string{"read", "contributor", "write", "admin"} {
		add(role, "group", "any", reading...)
	}
	add("write", "group", "any", writing...)
	add("admin", "group", "any", writing...)
	add("contributor", "group", "own", writing...)
	return ps
}

func there(what string, s *subject, r *repo) bool {
	switch what {
	case "public":
		return !r.Private
	case "open":
		return !r.Private && (!r.Gated || s.Accepted[r.ID])
	case "own":
		return r.Creator == s.User
	case "ungrouped":
		return r.Group == ""
	case "ungrouped-own":
		return r.Group == "" && r.Creator == s.User
	case "grouped-public":
		return r.Group != "" && !r.Private
	}
	return true
}

// taken tells whether the organization takes the token for what is not open to everybody.
func taken(s *subject, r *repo, act string) bool {
	if _, member := s.Roles[r.Owner]; !member {
		return true
	}
	decided := s.Decided[r.Owner]
	switch {
	case decided == "revoked":
	case s.Kind != "fine-grained" && r.Policy != "allow_all":
	case s.Kind == "fine-grained" && r.Policy == "require_approval" && decided != "approved":
	default:
		return true
	}
	return !r.Private && (act == "repo.view" || act == "repo.content.read" && !r.Gated)
}

func (e entry) reads() bool { return e["repo.content.read"] || e["repo.write"] }

func carries(s *subject, r *repo, act string) bool {
	switch s.Kind {
	case "read":
		return reads[act]
	case "write":
		return true
	}
	speaking, single := s.Entries[r.ID]
	if !single {
		speaking = s.Entries[r.Owner]
	}
	_, member := s.Roles[r.Owner]
	switch {
	case reads[act] && r.Private:
		return speaking.reads()
	case act == "repo.content.read" && r.Gated && single:
		return speaking.reads()
	case act == "repo.content.read" && r.Gated:
		return s.ReadGated || speaking.reads() && (member || s.User == r.Owner)
	case reads[act]:
		return true
	case act == "repo.write", act == "repo.settings":
		return speaking["repo.write"]
	}
	return s.Entries[r.Owner]["repo.write"] && speaking["repo.write"]
}

func (c *casbinEngine) name() string { return "Casbin 3 (roles in domains)" }

func (c *casbinEngine) askNumber(i int) (bool, error) {
	q := c.u.Queries[i]
	return c.Enforce(&c.u.Subjects[q[0]], &c.u.Repos[q[1]], c.u.Actions[q[2]])
}
