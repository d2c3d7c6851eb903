package twin

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/pktline"
)

const (
	asJSON = "application/json"
	asLFS  = "application/vnd.git-lfs+json"
	asLine = "application/x-ndjson"
	asData = "application/octet-stream"
)

// body makes a request's body and its content type.
type body func(g *grammar) ([]byte, string)

// object makes a JSON object of fields that are there or not by chance.
func object(fields map[string]func(g *grammar) any) body {
	names := []string{}
	for k := range fields {
		names = append(names, k)
	}
	names = sorted(names)
	return func(g *grammar) ([]byte, string) {
		m := map[string]any{}
		for _, k := range names {
			if g.sane || !g.odds(7) {
				m[k] = fields[k](g)
			}
		}
		b, _ := json.Marshal(m)
		return b, asJSON
	}
}

// of chooses among values.
func of(vs ...any) func(*grammar) any {
	return func(g *grammar) any { return one(g, vs...) }
}

func typ(g *grammar) any {
	if g.sane {
		return "model"
	}
	return one[any](g, "model", "model", "dataset", "space", "x")
}

func empty(g *grammar) ([]byte, string) { return []byte(`{}`), asJSON }

// bytesOf is the object of the path, or something else.
func bytesOf(g *grammar) ([]byte, string) {
	if content, ok := g.w.large[g.object]; ok && g.sane {
		return []byte(content), asData
	}
	return []byte(one(g, shared, "x", "")), asData
}

// bodies has, for every route whose method carries a body, how to make one. A route that is not here fails the test.
var bodies = map[string]body{
	"POST /api/credentials/revoke": func(g *grammar) ([]byte, string) {
		return []byte(`{"credentials":["hf_nothing","` + strings.Repeat("q", g.IntN(300)) + `"]}`), asJSON
	},
	"POST /api/setup/{link}":   object(map[string]func(*grammar) any{"name": of("zoe", "alice"), "password": of("long enough to be one", "x")}),
	"POST /api/repos/create":   createBody,
	"DELETE /api/repos/delete": deleteBody,
	"POST /api/repos/move":     moveBody,
	"POST /api/validate-yaml":  object(map[string]func(*grammar) any{"content": of("---\nlicense: mit\n---\n", "---\n: [\n---\n", "x"), "repoType": typ}),
	"PUT /api/{type}s/{repo}/settings": object(map[string]func(*grammar) any{
		"private": of(true, false), "gated": func(g *grammar) any {
			if g.sane {
				return false
			}
			return one[any](g, "auto", "manual", false, "x")
		}, "discussionsDisabled": of(true, false)}),
	"POST /api/{type}s/{repo}/paths-info/{rev}": func(g *grammar) ([]byte, string) {
		b, _ := json.Marshal(map[string]any{"paths": []string{g.path(), g.path()}, "expand": g.odds(2)})
		return b, asJSON
	},
	"POST /api/{type}s/{repo}/branch/{branch...}": func(g *grammar) ([]byte, string) {
		b, _ := json.Marshal(map[string]any{"startingPoint": one(g, "", g.rev()), "emptyBranch": g.odds(5), "overwrite": g.odds(2)})
		return b, asJSON
	},
	"DELETE /api/{type}s/{repo}/branch/{branch...}": nil,
	"DELETE /api/{type}s/{repo}/tag/{tag...}":       nil,
	"POST /api/{type}s/{repo}/tag/{rev}":            object(map[string]func(*grammar) any{"tag": of("v2", tag, "bad tag"), "message": of("", "a message")}),
	"POST /api/{type}s/{repo}/super-squash/{rev}":   object(map[string]func(*grammar) any{"message": of("", "squashed")}),
	"POST /api/{type}s/{repo}/preupload/{rev}": func(g *grammar) ([]byte, string) {
		return fmt.Appendf(nil, `{"files":[{"path":%q,"size":%d,"sample":"eA=="}]}`, g.path(), g.IntN(1<<25)), asJSON
	},
	"POST /api/{type}s/{repo}/commit/{rev}":           commitBody,
	"POST /api/{type}s/{repo}/duplicate":              duplicateRepoBody,
	"POST /api/{type}s/{repo}/lfs-files/duplicate":    duplicateBody,
	"POST /{repo}/info/lfs/objects/batch":             batchBody,
	"PUT /{repo}/info/lfs/objects/{oid}":              bytesOf,
	"POST /{repo}/info/lfs/objects/{oid}/verify":      verifyBody,
	"POST /{repo}/info/lfs/objects/{oid}/parts":       object(map[string]func(*grammar) any{"oid": func(g *grammar) any { return g.digest() }, "parts": of([]any{})}),
	"PUT /{repo}/info/lfs/objects/{oid}/parts/{part}": bytesOf,
	"POST /{repo}/info/lfs/locks":                     object(map[string]func(*grammar) any{"path": func(g *grammar) any { return g.path() }}),
	"POST /{repo}/info/lfs/locks/verify":              object(map[string]func(*grammar) any{"limit": of(1, 100), "cursor": of("", "x")}),
	"POST /{repo}/git-receive-pack":                   receivePackBody,
	"POST /{repo}/git-upload-pack":                    uploadPackBody,
	"POST /xet/{space}/v1/reconstructions": func(g *grammar) ([]byte, string) {
		return fmt.Appendf(nil, `[{"prefix":"default","hash":%q}]`, g.hash()), asJSON
	},
	"POST /xet/{space}/v1/xorb-grants/{prefix}/{hash}": bytesOf,
	"POST /xet/{space}/v1/xorbs/{prefix}/{hash}":       bytesOf,
	"POST /xet/{space}/v1/shards":                      bytesOf,
	"POST /xet/{space}/v2/shards":                      bytesOf,
	"POST /xet/{space}/v1/telemetry":                   empty,
	"POST /v1/telemetry":                               empty,
}

func createBody(g *grammar) ([]byte, string) {
	id := g.target()
	m := map[string]any{"type": id.Type, "name": id.Name, "organization": id.Namespace, "private": g.odds(2)}
	if !g.sane {
		m["type"] = typ(g)
	}
	if id.Type == "space" {
		m["sdk"] = one(g, "static", "gradio", "x")
	}
	if g.odds(6) {
		m["files"] = []any{map[string]any{"path": g.path(), "content": base64.StdEncoding.EncodeToString([]byte("x")), "encoding": "base64"}}
	}
	b, _ := json.Marshal(m)
	return b, asJSON
}

func deleteBody(g *grammar) ([]byte, string) {
	id := g.repo()
	if g.odds(2) && g.fresh > 0 {
		id = g.made()
	}
	b, _ := json.Marshal(map[string]any{"type": id.Type, "name": id.Name, "organization": id.Namespace})
	return b, asJSON
}

func moveBody(g *grammar) ([]byte, string) {
	from, to := g.repo(), g.target()
	b, _ := json.Marshal(map[string]any{"type": one(g, from.Type, from.Type, from.Type, to.Type), "fromRepo": from.FullName(), "toRepo": to.FullName()})
	return b, asJSON
}

func commitBody(g *grammar) ([]byte, string) {
	lines := []string{`{"key":"header","value":{"summary":"s","parentCommit":"` + one(g, "", "", "", g.any().head) + `"}}`}
	large := func() string {
		d := g.digest()
		return fmt.Sprintf(`"oid":%q,"size":%d`, d, len(g.w.large[d]))
	}
	for n := one(g, 1, 1, 2, 3); n > 0; n-- {
		p := g.path()
		if g.sane {
			lines = append(lines, fileLine(fmt.Sprint("new", n, ".txt"), "content"))
			continue
		}
		switch g.IntN(7) {
		case 0:
			lines = append(lines, fmt.Sprintf(`{"key":"deletedFile","value":{"path":%q}}`, p))
		case 1:
			lines = append(lines, fmt.Sprintf(`{"key":"lfsFile","value":{"path":%q,"algo":"sha256",%s}}`, p, large()))
		case 2: // a copy from a repository that may not be in sight
			lines = append(lines, fmt.Sprintf(`{"key":"copyFile","value":{"path":%q,"srcPath":%q,"srcRevision":%q}}`, p, g.path(), one(g, "main", g.any().head)))
		default:
			lines = append(lines, fileLine(p, fmt.Sprint("content ", g.IntN(9))))
		}
	}
	return []byte(strings.Join(lines, "\n")), asLine
}

func duplicateRepoBody(g *grammar) ([]byte, string) {
	m := map[string]any{"repository": g.target().FullName()}
	if g.odds(2) {
		m["visibility"] = one(g, "private", "public", "x")
	}
	b, _ := json.Marshal(m)
	return b, asJSON
}

func duplicateBody(g *grammar) ([]byte, string) {
	to := g.repo()
	return fmt.Appendf(nil, `{"target":{"type":%q,"name":%q},"files":[{"xetHash":%q,"sha256":%q,"filename":"x"}]}`, to.Type, to.FullName(), g.hash(), g.digest()), asJSON
}

func batchBody(g *grammar) ([]byte, string) {
	if d := g.digest(); g.sane {
		return fmt.Appendf(nil, `{"operation":%q,"transfers":["basic"],"objects":[{"oid":%q,"size":%d}]}`, one(g, "upload", "download"), d, len(g.w.large[d])), asLFS
	}
	return fmt.Appendf(nil, `{"operation":%q,"transfers":[%q],"objects":[{"oid":%q,"size":%d},{"oid":%q,"size":%d}]}`,
		one(g, "upload", "download", "download", "x"), one(g, "basic", "multipart", "xet"), g.digest(), len(shared), g.digest(), g.IntN(1<<28)), asLFS
}

func verifyBody(g *grammar) ([]byte, string) {
	if g.sane {
		return fmt.Appendf(nil, `{"oid":%q,"size":%d}`, g.object, len(g.w.large[g.object])), asLFS
	}
	return fmt.Appendf(nil, `{"oid":%q,"size":%d}`, g.digest(), one(g, len(shared), 1)), asLFS
}

// receivePackBody moves, makes or deletes a branch, to a commit that may belong to another repository.
func receivePackBody(g *grammar) ([]byte, string) {
	var b strings.Builder
	zero := strings.Repeat("0", 40)
	known := append(g.shas, g.any().head, g.any().head, zero)
	p := pktline.NewWriter(&b)
	p.Textf("%s %s refs/heads/%s\x00report-status delete-refs", one(g, known...), one(g, known...), one(g, "main", branch, "pushed"))
	p.Mark(pktline.Flush)
	if !g.odds(3) { // a pack of nothing
		pack := []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00")
		sum := sha1.Sum(pack)
		b.Write(append(pack, sum[:]...))
	}
	return []byte(b.String()), "application/x-git-receive-pack-request"
}

// uploadPackBody asks for references, or for commits that may belong to another repository.
func uploadPackBody(g *grammar) ([]byte, string) {
	var b strings.Builder
	p := pktline.NewWriter(&b)
	if g.odds(3) {
		p.Textf("command=ls-refs\n")
		p.Mark(pktline.Delim)
		p.Textf("peel\n")
		p.Textf("ref-prefix refs/\n")
		p.Mark(pktline.Flush)
	} else {
		p.Textf("want %s ofs-delta\n", one(g, append(g.shas, g.any().head, g.any().head)...))
		p.Mark(pktline.Flush)
		if g.odds(3) {
			p.Textf("have %s\n", g.any().head)
		}
		p.Textf("done\n")
	}
	return []byte(b.String()), "application/x-git-upload-pack-request"
}
