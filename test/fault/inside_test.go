package fault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/git"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

// inside is the hub's storage in this process, over a data folder of its own, without a server before it.
type inside struct {
	stores
	t    *testing.T
	data string
	b    *breaker
	zone *access.Authorizer
	push *git.Service
	tr   *transfer.Service
	rep  *repos.Service
	keep *gitrepo.Keeper
	now  time.Time
	want map[string]map[string]string // contents by path, by branch: what has been acknowledged
	more map[string]map[string]string // the same with what is under way
}

// people reads subjects anew.
type people struct{ db *meta.DB }

func (p people) Refresh(ctx context.Context, s *access.Subject) (*access.Subject, error) {
	facts, err := p.db.UserFacts(ctx, s.UserID())
	return access.NewSubject(facts, access.Credential{}), err
}

func openInside(t *testing.T, data string) *inside {
	t.Helper()
	w := &inside{t: t, data: data, b: &breaker{}, now: time.Now().Add(time.Hour)}
	ctx := context.Background()
	cfg := config.Default()
	cfg.Data = data
	w.ok(os.MkdirAll(data, 0o700))
	var err error
	if w.db, err = meta.Open(ctx, meta.Options{URL: cfg.SQLitePath(), Trial: w.b.trial, Now: func() time.Time { return w.now }}); err != nil {
		t.Fatal(err)
	}
	if w.blobs, err = fs.NewWith(cfg.BlobsPath(), w.b); err != nil {
		t.Fatal(err)
	}
	quiet := func(context.Context, string, error) {}
	w.git = gitrepo.New(gitrepo.Config{CacheDir: cfg.CachePath(), LogError: quiet}, w.db, w.blobs)
	w.zone = access.NewAuthorizer(w.db, access.Options{Refresher: people{w.db}})
	w.push = git.New(git.Config{}, git.Deps{Meta: w.db, Git: w.git, Authz: w.zone})
	w.rep = repos.New(w.db, w.git, w.blobs, nil)
	w.tr = transfer.New(transfer.Config{TempDir: cfg.CachePath(), PartSize: 64 << 10}, transfer.Deps{
		Meta: w.db, Git: w.git, Blobs: w.blobs, Authz: w.zone, Sign: repos.SignatureOf, Now: func() time.Time { return w.now }, LogError: quiet})
	w.keep = gitrepo.NewKeeper(w.git, w.db, gitrepo.KeeperConfig{Grace: time.Hour, Now: func() time.Time { return w.now }})
	return w
}

// found looks for the repository.
func (w *inside) found() {
	w.t.Helper()
	var err error
	w.repo, _, err = w.db.RepoByName(context.Background(), hub.RepoID{Type: hub.Model, Namespace: "bob", Name: "fault"})
	w.ok(err)
}

func (w *inside) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *inside) grant(target access.Target, a access.Action) (access.Grant, error) {
	ctx := context.Background()
	u, err := w.db.UserByName(ctx, "bob")
	if err != nil {
		return access.Grant{}, err
	}
	facts, err := w.db.UserFacts(ctx, u.ID)
	if err != nil {
		return access.Grant{}, err
	}
	return w.zone.Authorize(ctx, access.NewSubject(facts, access.Credential{}), access.Need{Action: a, Target: target})
}

func (w *inside) writer() (access.Grant, error) {
	return w.grant(access.RepoRow(w.repo.ID), access.RepoWrite)
}

// expect says what a branch will be when what follows is acknowledged; nil files: gone.
func (w *inside) expect(branch string, change func(files map[string]string)) {
	files := maps.Clone(w.more[branch])
	if files == nil {
		files = map[string]string{}
	}
	if change == nil {
		delete(w.more, branch)
		return
	}
	change(files)
	w.more[branch] = files
}

// noise is text that no compression makes small.
func noise(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 21))
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%016x\n", rng.Uint64())
	}
	return b.String()[:n]
}

func (w *inside) commit(branch string, files map[string]string) error {
	w.expect(branch, func(now map[string]string) { maps.Copy(now, files) })
	g, err := w.writer()
	if err != nil {
		return err
	}
	body := `{"key":"header","value":{"summary":"change"}}` + "\n"
	for path, content := range files {
		body += fmt.Sprintf(`{"key":"file","value":{"path":%q,"content":%q}}`, path, content) + "\n"
	}
	_, err = w.tr.Commit(context.Background(), g, transfer.CommitRequest{Rev: branch, Body: strings.NewReader(body)})
	return err
}

// large uploads a file in one piece or in parts, and commits it.
func (w *inside) large(path, content string, parts bool) error {
	ctx := context.Background()
	sum := sha256.Sum256([]byte(content))
	o := transfer.Object{Digest: hub.Digest(hex.EncodeToString(sum[:])), Size: int64(len(content))}
	w.expect("main", func(now map[string]string) { now[path] = content })
	g, err := w.writer()
	if err != nil {
		return err
	}
	if !parts {
		if err := w.tr.PutObject(ctx, g, o, strings.NewReader(content), hub.Event{}); err != nil {
			return err
		}
	} else {
		plans, err := w.tr.PlanUpload(ctx, g, []transfer.Object{o}, true, hub.Event{})
		if err != nil {
			return err
		}
		var sent []transfer.Part
		for n := range plans[0].Parts {
			part := content[int64(n)*plans[0].PartSize : min(int64(len(content)), int64(n+1)*plans[0].PartSize)]
			p, err := w.tr.PutPart(ctx, g, plans[0].UploadID, n+1, strings.NewReader(part))
			if err != nil {
				return err
			}
			sent = append(sent, p)
		}
		if plans[0].Upload {
			if err := w.tr.CompleteParts(ctx, g, plans[0].UploadID, o.Digest, sent, hub.Event{}); err != nil {
				return err
			}
		}
	}
	body := fmt.Sprintf(`{"key":"header","value":{"summary":"large"}}`+"\n"+`{"key":"lfsFile","value":{"path":%q,"algo":"sha256","oid":%q,"size":%d}}`+"\n", path, o.Digest, o.Size)
	_, err = w.tr.Commit(ctx, g, transfer.CommitRequest{Rev: "main", Body: strings.NewReader(body)})
	return err
}

// pushed is a push that was prepared elsewhere: a pack and what it does to refs.
type pushed struct {
	pack    []byte
	updates []hub.RefUpdate
	files   map[string]map[string]string // contents by path, by branch, afterwards; nil: gone
}

func (w *inside) receive(p pushed) error {
	for branch, files := range p.files {
		if files == nil {
			w.expect(branch, nil)
			continue
		}
		w.expect(branch, func(now map[string]string) { clear(now); maps.Copy(now, files) })
	}
	g, err := w.writer()
	if err != nil {
		return err
	}
	var in, out bytes.Buffer
	pw := pktline.NewWriter(&in)
	for i, u := range p.updates {
		line := fmt.Sprintf("%s %s %s", u.Old, u.New, u.Name)
		if i == 0 {
			line += "\x00report-status atomic object-format=sha1"
		}
		if err := pw.Data([]byte(line)); err != nil {
			return err
		}
	}
	if err := pw.Mark(pktline.Flush); err != nil {
		return err
	}
	in.Write(p.pack)
	if err := w.push.ReceivePack(context.Background(), g, &in, &out, hub.Event{}); err != nil {
		return err
	}
	if n := strings.Count(out.String(), "ok refs/"); n != len(p.updates) {
		return fmt.Errorf("the push was refused: %q", out.String())
	}
	return nil
}

func (w *inside) close() {
	w.git.Close()
	if err := w.db.Close(); err != nil {
		w.t.Error(err)
	}
}

// tree reads a branch whole; nil when there is none.
func (w *inside) tree(branch string) map[string]string {
	w.t.Helper()
	ctx := context.Background()
	snap, err := w.git.Open(ctx, w.repo.ID)
	w.ok(err)
	defer snap.Close()
	head, err := snap.Resolve(ctx, "refs/heads/"+branch)
	if hub.Is(err, hub.RevisionNotFound) {
		return nil
	}
	w.ok(err)
	entries, _, err := snap.List(ctx, head, "", gitrepo.ListOptions{Recursive: true})
	w.ok(err)
	files := map[string]string{}
	for _, e := range entries {
		if e.Type != gitrepo.TypeFile || e.Path == ".gitattributes" || e.Path == "README.md" {
			continue
		}
		content, err := w.readAt(ctx, snap, e)
		w.ok(err)
		files[e.Path] = content
	}
	return files
}

// same holds that each branch is as it was or as it was to become, all of them alike, and that an acknowledged change is
// there.
func (w *inside) same(where string, acknowledged bool) {
	w.t.Helper()
	now := map[string]map[string]string{}
	for _, branches := range []map[string]map[string]string{w.want, w.more} {
		for branch := range branches {
			if files := w.tree(branch); files != nil {
				now[branch] = files
			}
		}
	}
	isOld, isNew := fmt.Sprint(now) == fmt.Sprint(w.want), fmt.Sprint(now) == fmt.Sprint(w.more)
	switch {
	case acknowledged && !isNew:
		w.t.Errorf("%s: an acknowledged change is not there: %s", where, summary(now))
	case !isOld && !isNew:
		w.t.Errorf("%s: neither as before nor as after: %s, before %s, after %s", where, summary(now), summary(w.want), summary(w.more))
	case isNew:
		w.want = clone(w.more)
	default:
		w.more = clone(w.want)
	}
}

func clone(m map[string]map[string]string) map[string]map[string]string {
	c := map[string]map[string]string{}
	for k, v := range m {
		c[k] = maps.Clone(v)
	}
	return c
}

func summary(m map[string]map[string]string) string {
	var b strings.Builder
	for branch, files := range m {
		fmt.Fprintf(&b, " %s(", branch)
		for path, content := range files {
			fmt.Fprintf(&b, " %s:%d", path, len(content))
		}
		b.WriteString(" )")
	}
	return b.String()
}

// healthy holds that nothing is missing and nothing left over: after a sweep every byte is referred to. It ends the use
// of w.
func (w *inside) healthy(where string) {
	w.t.Helper()
	v, err := w.keep.Verify(context.Background(), w.repo.ID, true, nil)
	if err != nil || len(v.Problems) > 0 {
		w.t.Errorf("%s: %+v, %v", where, v.Problems, err)
	}
	w.sweep(w.t)
	w.checkNothingLeft(w.t, w.data)
	v, err = w.keep.Verify(context.Background(), w.repo.ID, true, nil)
	if err != nil || len(v.Problems) > 0 {
		w.t.Errorf("%s, after the sweep: %+v, %v", where, v.Problems, err)
	}
	w.close()
}

// base makes the folder that all breaks begin with, in one of several states.
func base(t *testing.T, round int) *inside {
	t.Helper()
	w := openInside(t, filepath.Join(t.TempDir(), "data"))
	ctx := context.Background()
	w.want, w.more = map[string]map[string]string{}, map[string]map[string]string{}
	w.ok(w.db.CreateUser(ctx, hub.User{ID: hub.NewID(), Name: "bob", CreatedAt: time.Now()}, "", hub.Event{}))
	g, err := w.grant(access.NewRepo(hub.RepoID{Type: hub.Model, Namespace: "bob", Name: "fault"}), access.RepoCreate)
	w.ok(err)
	w.repo, err = w.rep.Create(ctx, g, repos.NewRepo{}, hub.Event{})
	w.ok(err)
	w.ok(w.commit("main", map[string]string{"a": "first", "dir/b": noise(1, 100_000)}))
	if round%2 == 1 {
		_, err = w.keep.Repack(ctx, w.repo.ID, nil)
		w.ok(err)
	}
	g, err = w.writer()
	w.ok(err)
	for _, branch := range []string{"side", "gone"} {
		w.ok(w.rep.CreateBranch(ctx, g, repos.NewBranch{Name: branch}, hub.Event{}))
		w.expect(branch, func(now map[string]string) { maps.Copy(now, w.more["main"]) })
		w.ok(w.commit(branch, map[string]string{"of/" + branch: noise(2, 70_000)}))
	}
	w.ok(w.rep.DeleteBranch(ctx, g, "gone", hub.Event{}))
	w.expect("gone", nil)
	if round >= 1 {
		_, err = w.keep.GC(ctx, w.repo.ID, false, nil)
		w.ok(err)
		w.now = w.now.Add(2 * time.Hour)
	}
	for i := range 4 + 5*(round%2) {
		w.ok(w.commit("main", map[string]string{fmt.Sprintf("many/%d", i): noise(uint64(10+i), 500+70_000*(i%2))}))
	}
	w.want = clone(w.more)
	return w
}
