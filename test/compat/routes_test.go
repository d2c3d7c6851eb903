package compat

import (
	"net/http"
	"strings"
)

// request is one way of touching a repository. REPO stands for "namespace/name", NAME for the name alone.
type request struct {
	method, path, body string
	header             http.Header
}

func (r request) at(repo string) string { return r.fill(r.path, repo) }

func (r request) bodyFor(repo string) string { return r.fill(r.body, repo) }

func (request) fill(text, repo string) string {
	_, name, _ := strings.Cut(repo, "/")
	return strings.NewReplacer("REPO", repo, "NAME", name).Replace(text)
}

var (
	jsonHeader = http.Header{"Content-Type": {"application/json"}}
	lfsHeader  = http.Header{"Content-Type": {"application/vnd.git-lfs+json"}, "Accept": {"application/vnd.git-lfs+json"}}
)

// repoRequests touches a repository through every route of the Hub's API that names one, in each of its types.
var repoRequests = func() []request {
	var all []request
	for _, kind := range []string{"model", "dataset", "space"} {
		root, site := api(kind, "REPO"), web(kind, "REPO")
		all = append(all,
			request{"GET", root, "", nil},
			request{"GET", root + "?expand=sha&expand=noSuchField", "", nil},
			request{"GET", root + "/revision/main", "", nil},
			request{"GET", root + "/revision/0123456789012345678901234567890123456789", "", nil},
			request{"GET", root + "/tree/main", "", nil},
			request{"GET", root + "/tree/main/absent/folder?recursive=true&expand=true", "", nil},
			request{"GET", root + "/tree/main?cursor=nonsense&limit=-3", "", nil},
			request{"POST", root + "/paths-info/main", `{"paths":["file.txt"]}`, jsonHeader},
			request{"GET", root + "/commits/main", "", nil},
			request{"GET", root + "/refs", "", nil},
			request{"POST", root + "/branch/new", `{}`, jsonHeader},
			request{"DELETE", root + "/branch/main", "", nil},
			request{"POST", root + "/tag/main", `{"tag":"v1"}`, jsonHeader},
			request{"DELETE", root + "/tag/v1", "", nil},
			request{"GET", root + "/auth-check", "", nil},
			request{"GET", root + "/auth-check/write", "", nil},
			request{"PUT", root + "/settings", `{"private":false}`, jsonHeader},
			request{"POST", root + "/preupload/main", `{"files":[{"path":"file.txt","size":1,"sample":"eA=="}]}`, jsonHeader},
			request{"POST", root + "/commit/main", ndjson(header("x"), file("file.txt", "y")), ndjsonHeader},
			request{"POST", root + "/commit/main", "not json at all", ndjsonHeader},
			request{"POST", root + "/commit/main?create_pr=1", ndjson(header("x"), file("file.txt", "y")), ndjsonHeader},
			request{"GET", root + "/xet-read-token/main", "", nil},
			request{"GET", root + "/xet-write-token/main", "", nil},
			request{"GET", root + "/xet-write-token/None?create_pr=1", "", nil},
			request{"POST", root + "/lfs-files/duplicate", `{"target":{"type":"` + kind + `","name":"REPO"},"files":[]}`, jsonHeader},
			request{"DELETE", "/api/repos/delete", `{"type":"` + kind + `","organization":"acme","name":"NAME"}`, jsonHeader},
			request{"POST", "/api/repos/move", `{"type":"` + kind + `","fromRepo":"REPO","toRepo":"acme/elsewhere"}`, jsonHeader},
			request{"GET", site + "/resolve/main/file.txt", "", nil},
			request{"HEAD", site + "/resolve/main/file.txt", "", nil},
			request{"GET", site + "/resolve/main/absent.txt", "", http.Header{"Range": {"bytes=0-0"}}},
			request{"GET", site + "/resolve/absent/file.txt", "", nil},
			request{"GET", site + "/raw/main/file.txt", "", nil},
			request{"POST", site + ".git/info/lfs/objects/batch", `{"operation":"upload","transfers":["basic"],"objects":[{"oid":"` + digest("x") + `","size":1}]}`, lfsHeader},
			request{"POST", site + ".git/info/lfs/objects/batch", `{"operation":"download","objects":[{"oid":"` + digest("x") + `","size":1}]}`, lfsHeader},
		)
	}
	return all
}()
