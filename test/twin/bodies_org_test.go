package twin

import "maps"

const (
	org    = "/api/organizations/{name}"
	group  = org + "/resource-groups/{id}"
	robot  = org + "/service-accounts/{id}"
	review = org + "/settings/tokens/{token}"
	gate   = "/api/{type}s/{repo}/user-access-request/"
)

// init adds what organizations, gates and service accounts take.
func init() {
	role := of("admin", "write", "contributor", "read", "no_access")
	person := func(g *grammar) any { return map[string]any{"user": g.person(), "role": role(g)} }
	one := func(f func(*grammar) any) func(*grammar) any {
		return func(g *grammar) any { return []any{f(g)} }
	}
	id := func(g *grammar) any { return g.id() }
	name := func(g *grammar) any { return g.person() }
	repository := func(g *grammar) any {
		r := g.repo()
		return map[string]any{"type": r.Type, "name": r.FullName()}
	}
	row := func(g *grammar) any { return g.any().row }
	join := of(map[string]any{"enabled": true, "role": "read"}, map[string]any{"enabled": false}, nil)
	status := of("accepted", "rejected", "pending", "x")
	decision := map[string]func(*grammar) any{"user": name, "status": status, "until": of(nil, nil, "2030-01-01")}
	atoms := of([]string{"repo.content.read"}, []string{}, []string{"repo.write"}, []string{"no.such"})
	machine := object(map[string]func(*grammar) any{"displayName": of("m1", "m2"), "permissions": atoms, "repoIds": one(row), "repoPermissions": atoms})
	groupEdit := object(map[string]func(*grammar) any{"name": of("inner", "outer", "new"), "description": of("d"), "autoJoin": join})
	reason := object(map[string]func(*grammar) any{"reason": of("because", "")})
	roleOnly := object(map[string]func(*grammar) any{"role": role})

	maps.Copy(bodies, map[string]body{
		"POST " + org + "/resource-groups":  object(map[string]func(*grammar) any{"name": of("inner", "g1", "g2"), "users": one(person), "repos": one(repository), "autoJoin": join}),
		"PATCH " + group:                    groupEdit,
		"POST " + group + "/settings":       groupEdit,
		"DELETE " + group:                   nil,
		"POST " + group + "/users":          object(map[string]func(*grammar) any{"users": one(person)}),
		"PUT " + group + "/users/{user}":    roleOnly,
		"PATCH " + group + "/users/{user}":  roleOnly,
		"DELETE " + group + "/users/{user}": nil,
		"PUT " + org + "/members/{user}/role": object(map[string]func(*grammar) any{"role": role, "resourceGroups": one(func(g *grammar) any {
			return map[string]any{"id": g.id(), "role": role(g)}
		})}),
		"POST /api/{type}s/{repo}/resource-group": object(map[string]func(*grammar) any{"resourceGroupId": id}),

		"POST " + org + "/service-accounts":        object(map[string]func(*grammar) any{"name": of("robot", "r1", "r2"), "description": of("d")}),
		"DELETE " + robot:                          nil,
		"POST " + robot + "/tokens":                machine,
		"PATCH " + robot + "/tokens/{token}":       machine,
		"DELETE " + robot + "/tokens/{token}":      nil,
		"POST " + robot + "/tokens/{token}/rotate": empty,

		"PATCH " + org + "/settings/access": object(map[string]func(*grammar) any{
			"tokenPolicy": of("allow_all", "fine_grained_only", "require_approval", "x"), "privateOnly": of(false, false, true), "resourceGroupCreation": role}),
		"PATCH " + org + "/settings/network-security": object(map[string]func(*grammar) any{"ipRanges": of([]string{"192.0.2.0/24"}, []string{}, []string{"x"})}),
		"POST /{repo}/info/lfs/locks/{id}/unlock":     object(map[string]func(*grammar) any{"force": of(true, false)}),
		"POST " + org + "/settings/tokens/revoke":     object(map[string]func(*grammar) any{"token": of("hf_nothing"), "reason": of("found")}),
		"POST " + review + "/approve":                 reason,
		"POST " + review + "/deny":                    reason,
		"POST " + review + "/revoke":                  reason,

		"POST " + gate + "handle":                         object(decision),
		"POST " + gate + "grant":                          object(map[string]func(*grammar) any{"user": name, "until": of(nil, "2030-01-01")}),
		"POST " + gate + "batch":                          object(map[string]func(*grammar) any{"status": status, "requests": one(func(g *grammar) any { return map[string]any{"user": g.person()} })}),
		"POST " + gate + "cancel":                         empty,
		"POST /{repo}/ask-access":                         empty,
		"POST /api/{type}s/{repo}/gate/admissions":        object(map[string]func(*grammar) any{"kind": of("org", "group", "service", "user"), "name": name, "id": id}),
		"DELETE /api/{type}s/{repo}/gate/admissions/{id}": nil,

		"POST /xet/{space}/shard/{prefix}/{hash}": bytesOf,
		"POST /xet/{space}/shards":                bytesOf,
		"POST /xet/{space}/xorb/{prefix}/{hash}":  bytesOf,
	})
}
