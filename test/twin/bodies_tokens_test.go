package twin

import "maps"

// init adds what the routes take by which people manage their tokens.
func init() {
	atoms := of([]string{"repo.content.read"}, []string{}, []string{"repo.write"}, []string{"no.such"})
	end := of(nil, "2030-01-01", "2020-01-01")
	scope := func(g *grammar) any {
		r := g.repo()
		return []any{map[string]any{"entity": map[string]any{"type": r.Type, "name": r.FullName()}, "permissions": atoms(g)}}
	}
	orgs := func(g *grammar) any { return []any{g.namespace()} }
	fields := map[string]func(*grammar) any{"displayName": of("t1", "t2", ""), "scoped": scope, "orgs": orgs, "orgPermissions": atoms, "ownUserPermissions": atoms, "expiration": end}
	create := maps.Clone(fields)
	create["role"] = of("fineGrained", "fineGrained", "read", "x")
	maps.Copy(bodies, map[string]body{
		"POST /api/sessions":                       object(map[string]func(*grammar) any{"name": func(g *grammar) any { return g.person() }, "password": of("wrong", "")}),
		"DELETE /api/sessions/current":             nil,
		"POST /api/settings/tokens":                object(create),
		"PATCH /api/settings/tokens/{token}":       object(fields),
		"DELETE /api/settings/tokens/{token}":      nil,
		"POST /api/settings/tokens/{token}/rotate": object(map[string]func(*grammar) any{"overlap": of(0, 60, -1), "expiration": end}),
	})
}
