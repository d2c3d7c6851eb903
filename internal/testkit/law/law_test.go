package law_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/law"
)

const tables = "../../access/testdata"

// TestTheLawThroughEveryDoor plays every table of the access engine through HTTP.
func TestTheLawThroughEveryDoor(t *testing.T) {
	for name, rows := range law.Read(t, tables) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := law.Build(t, law.Start(t), tables)
			played, calls := w.Play(t, rows, append([]law.Door{law.SSH(t, w.Hub)}, doors...))
			t.Logf("%d of %d rows, %d calls", played, len(rows), calls)
			if played*10 < len(rows)*8 {
				t.Errorf("only %d of %d rows go through any door", played, len(rows))
			}
		})
	}
}

// of makes a door for one action on a repository.
func of(name, action string, call func(id hub.RepoID) *law.Call) law.Door {
	return law.Door{Name: name, Ask: func(_ *law.World, r law.Row) *law.Call {
		if id, ok := r.Repo(); ok && r.Action == action {
			return call(id)
		}
		return nil
	}}
}

// refused is a door that is tried only where the answer is no: behind it something would be gone.
func refused(d law.Door) law.Door {
	ask := d.Ask
	d.Ask = func(w *law.World, r law.Row) *law.Call {
		if r.Allowed() {
			return nil
		}
		return ask(w, r)
	}
	return d
}

func get(path string) *law.Call { return &law.Call{Method: "GET", Path: path} }

// passed means that the question was answered with yes and the nonsense in the body was found only then.
func passed(status int, code string) bool {
	return status == http.StatusBadRequest && (code == "" || code == string(hub.RepoNotGated))
}

func nonsense(method, path string) *law.Call {
	return &law.Call{Method: method, Path: path, Body: "nonsense", Yes: passed}
}

func lfsBatch(id hub.RepoID, operation string) *law.Call {
	return &law.Call{Method: "POST", Path: id.WebPath() + ".git/info/lfs/objects/batch", Type: "application/vnd.git-lfs+json",
		Body: `{"operation":"` + operation + `","transfers":["basic"],"objects":[{"oid":"` + strings.Repeat("0", 64) + `","size":1}]}`}
}

// onOrg makes a door for one action on an organization.
func onOrg(name, action string, call func(path string) *law.Call) law.Door {
	return law.Door{Name: name, Ask: func(_ *law.World, r law.Row) *law.Call {
		if r.Kind() != "ns" || r.Action != action {
			return nil
		}
		return call("/api/organizations/" + r.Name())
	}}
}

// absent means that the question was answered with yes, and the hub has no such thing.
func absent(status int, _ string) bool { return status == http.StatusNotImplemented }

func discussion(path string) func(hub.RepoID) *law.Call {
	return func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: id.APIPath() + "/discussions" + path, Body: `{"title":"law"}`, Yes: absent}
	}
}

// The front doors. Every protocol adds its own.
var doors = []law.Door{
	of("api", "repo.view", func(id hub.RepoID) *law.Call { return get(id.APIPath()) }),
	of("api tree", "repo.view", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/tree/main") }),
	of("api refs", "repo.view", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/refs") }),
	of("api commits", "repo.view", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/commits/main") }),
	of("gate", "repo.view", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/gate") }),
	of("auth-check", "repo.content.read", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/auth-check") }),
	of("resolve", "repo.content.read", func(id hub.RepoID) *law.Call { return get(id.WebPath() + "/resolve/main/.gitattributes") }),
	of("raw", "repo.content.read", func(id hub.RepoID) *law.Call { return get(id.WebPath() + "/raw/main/.gitattributes") }),
	of("lfs", "repo.content.read", func(id hub.RepoID) *law.Call { return lfsBatch(id, "download") }),
	of("git", "repo.content.read", func(id hub.RepoID) *law.Call { return get(id.WebPath() + ".git/info/refs?service=git-upload-pack") }),
	of("discussions", "repo.view", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "GET", Path: id.APIPath() + "/discussions", Yes: absent}
	}),
	of("discussion", "discussion.write", discussion("")),
	of("comment", "discussion.write", discussion("/1/comment")),
	of("merge", "repo.write", discussion("/1/merge")),
	of("secret", "repo.settings", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: id.APIPath() + "/secrets", Body: "{}", Yes: absent}
	}),
	of("git", "repo.write", func(id hub.RepoID) *law.Call {
		return get(id.WebPath() + ".git/info/refs?service=git-receive-pack")
	}),
	of("xet", "repo.content.read", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/xet-read-token/main") }),
	of("xet", "repo.write", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/xet-write-token/main") }),
	of("preupload", "repo.preupload", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: id.APIPath() + "/preupload/main", Body: `{"files":[]}`}
	}),
	of("auth-check", "repo.write", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/auth-check/write") }),
	refused(of("commit", "repo.write", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: id.APIPath() + "/commit/main", Type: "application/x-ndjson",
			Body: `{"key":"header","value":{"summary":"x","description":""}}` + "\n" + `{"key":"file","value":{"path":"x","encoding":"utf-8","content":"x"}}` + "\n"}
	})),
	refused(of("branch", "repo.write", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: id.APIPath() + "/branch/law", Body: "{}"}
	})),
	of("lfs", "repo.write", func(id hub.RepoID) *law.Call { return lfsBatch(id, "upload") }),
	of("settings", "repo.settings", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "PUT", Path: id.APIPath() + "/settings", Body: "{}"}
	}),
	refused(of("settings", "repo.publish", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "PUT", Path: id.APIPath() + "/settings", Body: `{"visibility":"public"}`}
	})),
	refused(of("delete", "repo.delete", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "DELETE", Path: "/api/repos/delete", Body: `{"name":"` + id.Name + `","organization":"` + id.Namespace + `","type":"` + string(id.Type) + `"}`}
	})),
	refused(of("move", "repo.move", func(id hub.RepoID) *law.Call {
		return &law.Call{Method: "POST", Path: "/api/repos/move", Body: `{"fromRepo":"` + id.FullName() + `","toRepo":"` + id.Namespace + `/renamed","type":"` + string(id.Type) + `"}`}
	})),
	of("requests", "repo.access.read", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/user-access-request/pending") }),
	of("report", "repo.access.read", func(id hub.RepoID) *law.Call { return get(id.WebPath() + "/user-access-report") }),
	of("admissions", "repo.access.read", func(id hub.RepoID) *law.Call { return get(id.APIPath() + "/gate/admissions") }),
	of("handle", "repo.access.manage", func(id hub.RepoID) *law.Call { return nonsense("POST", id.APIPath()+"/user-access-request/handle") }),
	of("grant", "repo.access.manage", func(id hub.RepoID) *law.Call { return nonsense("POST", id.APIPath()+"/user-access-request/grant") }),
	of("batch", "repo.access.manage", func(id hub.RepoID) *law.Call { return nonsense("POST", id.APIPath()+"/user-access-request/batch") }),
	of("admit", "repo.access.manage", func(id hub.RepoID) *law.Call { return nonsense("POST", id.APIPath()+"/gate/admissions") }),
	of("ask", "repo.access.ask", func(id hub.RepoID) *law.Call { return nonsense("POST", id.WebPath()+"/ask-access") }),
	of("assign", "repo.assign", func(id hub.RepoID) *law.Call { return nonsense("POST", id.APIPath()+"/resource-group") }),

	{Name: "create", Ask: create},
	{Name: "transfer", Ask: transferRepo},

	{Name: "overview", Ask: overview},
	onOrg("repositories", "namespace.list_all", func(p string) *law.Call {
		if strings.HasSuffix(p, "/") { // one's own
			p = "/api"
		}
		return get(p + "/settings/repositories")
	}),
	onOrg("members", "org.read", func(p string) *law.Call { return get(p + "/members") }),
	onOrg("groups", "org.read", func(p string) *law.Call { return get(p + "/resource-groups") }),
	onOrg("role", "org.write", func(p string) *law.Call { return nonsense("PUT", p+"/members/rita/role") }),
	onOrg("rules", "org.write", func(p string) *law.Call { return nonsense("PATCH", p+"/settings/access") }),
	onOrg("review", "org.tokens", func(p string) *law.Call { return get(p + "/settings/tokens") }),
	onOrg("revoke", "org.tokens", func(p string) *law.Call { return nonsense("POST", p+"/settings/tokens/revoke") }),
	onOrg("network", "org.network", func(p string) *law.Call { return get(p + "/settings/network-security") }),
	onOrg("service accounts", "org.service_accounts.read", func(p string) *law.Call { return get(p + "/service-accounts") }),
	onOrg("service accounts", "org.service_accounts.write", func(p string) *law.Call { return nonsense("POST", p+"/service-accounts") }),
	onOrg("groups", "group.create", func(p string) *law.Call { return nonsense("POST", p+"/resource-groups") }),

	onGroup("group.read", func(p string) *law.Call { return get(p) }),
	onGroup("group.members", func(p string) *law.Call { return nonsense("POST", p+"/users") }),
	onGroup("group.manage", func(p string) *law.Call { return nonsense("POST", p+"/users") }),
	onGroup("group.settings", func(p string) *law.Call { return nonsense("POST", p+"/settings") }),
	refused(onGroup("group.delete", func(p string) *law.Call { return &law.Call{Method: "DELETE", Path: p} })),

	{Name: "explain", Ask: explained},
	{Name: "whoami", Ask: func(_ *law.World, r law.Row) *law.Call {
		if r.Action == "self.whoami" {
			return get("/api/whoami-v2")
		}
		return nil
	}},
	{Name: "list", Ask: func(_ *law.World, r law.Row) *law.Call {
		if r.Action == "repo.list" || r.Action == "public" {
			return get("/api/models")
		}
		return nil
	}},
}

// onGroup makes a door for one action on a resource group, which the tables write group:ORG/NAME.
func onGroup(action string, call func(path string) *law.Call) law.Door {
	return law.Door{Name: "group", Ask: func(w *law.World, r law.Row) *law.Call {
		if r.Kind() != "group" || r.Action != action {
			return nil
		}
		org, _, _ := strings.Cut(r.Name(), "/")
		return call("/api/organizations/" + org + "/resource-groups/" + string(w.Group(r.Name())))
	}}
}

// create asks for creation where the answer is no, or where the repository is there.
func create(w *law.World, r law.Row) *law.Call {
	if r.Allowed() || r.Kind() != "new" || r.Action != "repo.create" && r.Action != "repo.create_public" {
		return nil
	}
	kind, name, _ := strings.Cut(r.Name(), ":")
	ns, name, _ := strings.Cut(name, "/")
	name, group, _ := strings.Cut(name, "@")
	visibility := "private"
	if r.Action == "repo.create_public" {
		visibility = "public"
	}
	body := `{"name":"` + name + `","organization":"` + ns + `","type":"` + kind + `","visibility":"` + visibility + `"`
	if kind == "space" {
		body += `,"sdk":"static"`
	}
	if group != "" {
		body += `,"resourceGroupId":"` + string(w.Group(ns+"/"+group)) + `"`
	}
	return &law.Call{Method: "POST", Path: "/api/repos/create", Body: body + "}"}
}

// transferRepo asks for a move between namespaces where the answer is no.
func transferRepo(_ *law.World, r law.Row) *law.Call {
	if r.Allowed() || r.Action != "repo.transfer+repo.create" {
		return nil
	}
	from, to, _ := strings.Cut(r.Target, "+")
	kind, from, _ := strings.Cut(from, ":")
	to = strings.TrimPrefix(to, "new:"+kind+":")
	return &law.Call{Method: "POST", Path: "/api/repos/move", Body: `{"fromRepo":"` + from + `","toRepo":"` + to + `","type":"` + kind + `"}`}
}

// overview is the public profile, of a user or of an organization.
func overview(w *law.World, r law.Row) *law.Call {
	if r.Action != "namespace.view" || r.Kind() != "ns" || r.Name() == "" {
		return nil
	}
	if w.IsUser(r.Name()) {
		return get("/api/users/" + r.Name() + "/overview")
	}
	return get("/api/organizations/" + r.Name() + "/overview")
}
