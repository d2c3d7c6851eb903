package twin

// Routes of what this hub has not: they read no body, so that any will do. Those of large files in history are with them.
func init() {
	const repo = "/api/{type}s/{repo}"
	for _, path := range []string{"/api/collections", "/api/settings/webhooks", "/api/buckets", "/buckets", "/api/jobs", "/api/scheduled-jobs", "/api/kernels"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if path == "/api/collections" || path == "/api/settings/webhooks" || path == "/api/kernels" {
				bodies[method+" "+path] = empty
			}
			bodies[method+" "+path+"/{path...}"] = empty
		}
	}
	for _, route := range []string{
		"POST /uploads", "POST /oauth/device", "POST /oauth/register", "POST /oauth/token",
		"POST " + repo + "/discussions/{num}/comment/{comment}/hide", "POST " + repo + "/discussions/{num}/merge",
		"POST " + repo + "/like", "DELETE " + repo + "/like", "POST " + repo + "/variables", "DELETE " + repo + "/variables",
		"POST " + repo + "/secrets", "DELETE " + repo + "/secrets", "POST " + repo + "/hardware", "POST " + repo + "/sleeptime", "POST " + repo + "/pause",
		"POST " + repo + "/restart", "POST " + repo + "/dev-mode", "POST " + repo + "/volumes", "PUT " + repo + "/volumes", "DELETE " + repo + "/volumes",
		"DELETE " + repo + "/lfs-files/{oid}",
	} {
		bodies[route] = empty
	}
	text := of("hello", "", "x")
	bodies["POST "+repo+"/discussions"] = object(map[string]func(*grammar) any{"title": text, "pullRequest": of(true, false)})
	bodies["POST "+repo+"/discussions/{num}/comment"] = object(map[string]func(*grammar) any{"comment": text})
	bodies["POST "+repo+"/discussions/{num}/comment/{comment}/edit"] = object(map[string]func(*grammar) any{"content": text})
	bodies["POST "+repo+"/discussions/{num}/title"] = object(map[string]func(*grammar) any{"title": text})
	bodies["POST "+repo+"/discussions/{num}/status"] = object(map[string]func(*grammar) any{"status": of("open", "closed")})
	bodies["POST "+repo+"/lfs-files/batch"] = object(map[string]func(*grammar) any{"deletions": func(g *grammar) any {
		return map[string]any{"sha": []string{g.digest()}, "rewriteHistory": one[any](g, true, true, false, nil)}
	}})
}
