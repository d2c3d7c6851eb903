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
p = role, act, what

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.act == p.act && (p.role == "everyone" || g(r.sub.User, p.role, r.repo.Owner)) && there(p.what, r.sub, r.repo) && carries(r.sub, r.repo, r.act)
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
	}
	_, err = e.AddGroupingPolicies(roles)
	return &casbinEngine{e, u}, err
}

func casbinPolicies() (ps [][]string) {
	for _, act := range []string{"repo.view", "repo.preupload"} {
		ps = append(ps, []string{"everyone", act, "public"})
	}
	ps = append(ps, []string{"everyone", "repo.content.read", "open"})
	for _, role := range []string{"read", "contributor", "write", "admin", "owner"} {
		for act := range reads {
			ps = append(ps, []string{role, act, "any"})
		}
		if role == "read" {
			continue
		}
		what := "any"
		if role == "contributor" {
			what = "own"
		}
		for _, act := range []string{"repo.write", "repo.settings", "repo.publish", "repo.delete"} {
			ps = append(ps, []string{role, act, what})
		}
	}
	return ps
}

func there(what string, s *subject, r *repo) bool {
	switch what {
	case "public":
		return !r.Private
	case "open":
		return !r.Private && !r.Gated
	case "own":
		return r.Creator == s.User
	}
	return true
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
