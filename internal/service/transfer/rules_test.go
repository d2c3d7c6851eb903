package transfer_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/transfer"
)

func digestOf(s string) hub.Digest {
	sum := sha256.Sum256([]byte(s))
	return hub.Digest(hex.EncodeToString(sum[:]))
}

// noise is text that a compressor finds nothing in.
func noise(n, seed int) string {
	var b strings.Builder
	h := sha256.Sum256([]byte{byte(seed)})
	for b.Len() < n {
		h = sha256.Sum256(h[:])
		b.WriteString(hex.EncodeToString(h[:]))
	}
	return b.String()[:n]
}

// Large files get a rule in .gitattributes exactly when none covers them, whatever else the commit does to that file.
func TestRulesForLargeFiles(t *testing.T) {
	const content = "weights"
	large := func(path string) string {
		return `{"key":"lfsFile","value":{"path":"` + path + `","oid":"` + string(digestOf(content)) + `","size":7}}`
	}
	for _, c := range []struct {
		name  string
		lines []string
		want  func(rules string) bool
	}{
		{"covered", []string{large("a.bin")}, func(r string) bool { return !strings.Contains(r, "a.bin") }},
		{"not covered", []string{large("x/a.custom"), large("x/a.custom")}, func(r string) bool {
			return strings.Count(r, "\nx/a.custom filter=lfs diff=lfs merge=lfs -text\n") == 1 && strings.Contains(r, "*.bin filter=lfs")
		}},
		{"covered by a file of this commit", []string{large("a.custom"), file(".gitattributes", "*.custom filter=lfs\n")}, func(r string) bool { return r == "*.custom filter=lfs\n" }},
		{"uncovered by a file of this commit", []string{large("a.bin"), file(".gitattributes", "*.x filter=lfs")}, func(r string) bool {
			return r == "*.x filter=lfs\n/a.bin filter=lfs diff=lfs merge=lfs -text\n"
		}},
		{"covered in its folder", []string{file("x/.gitattributes", "*.custom filter=lfs\n"), large("x/y/a.custom")}, func(r string) bool { return !strings.Contains(r, "custom") }},
		{"uncovered in its folder", []string{file("x/.gitattributes", "*.bin -filter\n"), large("x/a.bin")}, func(r string) bool { return strings.Contains(r, "\nx/a.bin ") }},
		{"deleted by this commit", []string{`{"key":"deletedFile","value":{"path":".gitattributes"}}`, large("a.bin")}, func(r string) bool {
			return r == "/a.bin filter=lfs diff=lfs merge=lfs -text\n"
		}},
		{"far too long", []string{file(".gitattributes", strings.Repeat("# long\n", 200_000)), large("a.custom")}, func(r string) bool { return !strings.Contains(r, "custom") && len(r) == 1_400_000 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, transfer.Config{})
			g := s.grant("alice.write", access.RepoWrite, public)
			if err := s.svc.PutObject(context.Background(), g, transfer.Object{Digest: digestOf(content), Size: 7}, strings.NewReader(content), hub.Event{}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.commit(g, c.name, "", c.lines...); err != nil {
				t.Fatal(err)
			}
			rules, err := s.read(s.grant("alice.read", access.RepoContentRead, public), "main", ".gitattributes")
			if err != nil || !c.want(rules) {
				t.Errorf("%v\n%.2000s", err, rules)
			}
		})
	}
}

// A repository without any commit can be asked about and committed to, on its default branch only.
func TestEmptyRepository(t *testing.T) {
	s := start(t, transfer.Config{})
	ctx := context.Background()
	r, _, err := s.DB.RepoByName(ctx, public)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := s.DB.Ref(ctx, r.ID, "refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Publish(ctx, hub.Publication{ID: hub.NewID(), RepoID: r.ID, Refs: []hub.RefUpdate{{Name: ref.Name, Old: ref.Target}}}); err != nil {
		t.Fatal(err)
	}
	g := s.grant("alice.write", access.RepoWrite, public)
	if _, err := s.commit(g, "with a parent", ref.Target.String(), file("a", "1")); !hub.Is(err, hub.PreconditionFailed) {
		t.Errorf("with a parent: %v", err)
	}
	if _, err := s.svc.Commit(ctx, g, transfer.CommitRequest{Rev: "dev", Body: strings.NewReader(`{"key":"header","value":{"summary":"s"}}`)}); !hub.Is(err, hub.RevisionNotFound) {
		t.Errorf("another branch: %v", err)
	}
	advice, head, err := s.svc.Preupload(ctx, s.grant("alice.write", access.RepoPreupload, public), transfer.PreuploadRequest{Rev: "main", Files: []transfer.Probe{{Path: "a.bin", Size: 3}}})
	if err != nil || !head.IsZero() || len(advice) != 1 || advice[0].OID != "" {
		t.Errorf("preupload: %+v, %v, %v", advice, head, err)
	}
	first, err := s.commit(g, "first", "", file("a", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.commit(g, "first", "", file("a", "1")); err != nil || again != first {
		t.Errorf("again: %v, %v", again, err)
	}
	if got, err := s.read(s.grant("alice.read", access.RepoContentRead, public), "main", "a"); err != nil || got != "1" {
		t.Errorf("%q, %v", got, err)
	}
}
