package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/tokenfmt"
	ids "github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/secret"
	"github.com/ambit-hub/ambit/internal/store/meta"
)

const fieldInstance = "5f00000000000000000000aa"

// field is the identity of a hub without the rest: a database, its authenticator and one that remembers nothing.
type field struct {
	db     *meta.DB
	keys   identity.Keys
	auth   *identity.Authenticator
	always *identity.Authenticator // reads the database for each request
	zone   *access.Authorizer
	alice  ids.User
	need   access.Need
}

func newField(dir string) (*field, error) {
	ctx := context.Background()
	db, err := meta.Open(ctx, meta.Options{URL: filepath.Join(dir, "field.db")})
	if err != nil {
		return nil, err
	}
	f := &field{db: db, keys: identity.GenerateKeys(), zone: access.NewAuthorizer(db, access.Options{})}
	f.auth = identity.New(db, f.keys, fieldInstance, identity.Options{})
	f.always = identity.New(db, f.keys, fieldInstance, identity.Options{Trusted: func() bool { return false }})
	f.alice = ids.User{ID: ids.NewID(), Name: "alice", CreatedAt: time.Now().UTC()}
	repo := ids.Repo{ID: ids.NewID(), RepoID: ids.RepoID{Type: ids.Model, Namespace: "alice", Name: "m"}, NamespaceID: f.alice.ID, CreatorID: f.alice.ID,
		Visibility: ids.Private, CreatedAt: time.Now().UTC()}
	f.need = access.Need{Action: access.RepoContentRead, Target: access.Repo(repo.RepoID)}
	if err := db.CreateUser(ctx, f.alice, "", ids.Event{Type: "user.create"}); err != nil {
		return nil, err
	}
	return f, db.CreateRepo(ctx, repo, ids.Publication{}, ids.Event{Type: "repo.create"})
}

// token makes one and returns its value.
func (f *field) token(name string) (ids.ID, string, error) {
	value := tokenfmt.ForInstance(fieldInstance).Generate()
	kid, digest := f.keys.TokenDigest(secret.New(value))
	t := ids.Token{ID: ids.NewID(), UserID: f.alice.ID, Name: name, Kind: ids.TokenRead, Gen: 1, CreatedAt: time.Now().UTC(), Last4: tokenfmt.Last4(value)}
	return t.ID, value, f.db.CreateToken(context.Background(), t, kid, digest, ids.Event{Type: "token.create"})
}

func (f *field) handler(auth *identity.Authenticator) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := auth.Authenticate(r.Context(), identity.Credentials{Authorization: r.Header.Get("Authorization")})
		if err == nil {
			_, err = f.zone.Authorize(r.Context(), s, f.need)
		}
		if err != nil {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "ok")
	}
}

// benchField compares a handler that authenticates and decides as the hub does with the same one that reads the database for
// each request, and with one that derives a password's key for each request as some forges do with tokens: goal 6. Each of
// them is served by one half of the processors and asked by the other: see apart. What comes of it where both share all
// processors is reported beside it, with the same handler that does neither, which is the most that can be reached so: PBKDF2
// then has both processors for itself, while what is quick shares them with the one who asks.
func benchField(h *hub, r *report, rounds int) error {
	f, err := newField(h.dir)
	if err != nil {
		return err
	}
	defer f.db.Close()
	_, value, err := f.token("bench")
	if err != nil {
		return err
	}
	derived := func(w http.ResponseWriter, r *http.Request) {
		_, err := pbkdf2.Key(sha256.New, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), []byte("salt"), 10_000, 32)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "ok")
	}
	bare := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }
	defer daemon.HoldHeapFloor()() // as a hub that serves
	handlers := []http.HandlerFunc{f.handler(f.auth), f.handler(f.always), derived, bare}
	drive := func(rates *[4][]float64, theirs *unix.CPUSet) error {
		for i, handler := range handlers {
			rate, err := serveAndDrive(handler, value, theirs)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate)
		}
		return nil
	}
	var divided, shared [4][]float64
	for range rounds {
		if err := apart(func(theirs *unix.CPUSet) error { return drive(&divided, theirs) }); err != nil {
			return err
		}
		if err := drive(&shared, nil); err != nil {
			return err
		}
	}
	ours, read, derive, most := median(divided[0]), median(divided[1]), median(divided[2]), median(divided[3])
	r.atLeast("6, requests/s with token and decision, server and client on processors of their own", fmt.Sprintf("%.0f", ours), fmt.Sprintf("%.0f reading the database each time", read), ours/read, 2)
	r.atLeast("6, the same", fmt.Sprintf("%.0f", ours), fmt.Sprintf("%.0f with PBKDF2 each time", derive), ours/derive, 80)
	r.figure("6, the handler with neither token nor decision", fmt.Sprintf("%.0f, %.0f times those with PBKDF2", most, most/derive), "reported", true)
	ours, read, derive, most = median(shared[0]), median(shared[1]), median(shared[2]), median(shared[3])
	r.figure("6, requests/s with token and decision where server and client share the processors",
		fmt.Sprintf("%.0f, %.1f times those reading the database, %.0f times those with PBKDF2, which has all processors for itself; with neither %.0f times", ours, ours/read, ours/derive, most/derive), "reported", true)
	return benchRevoked(f, r)
}

// serveAndDrive serves from this process, and asks from the processors theirs; nil is any.
func serveAndDrive(handler http.Handler, token string, theirs *unix.CPUSet) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s := &http.Server{Handler: handler}
	go s.Serve(l)
	defer s.Close()
	return wrkOn(theirs, "http://"+l.Addr().String()+"/", token, "-d1s")
}

// benchRevoked lets many callers use tokens that are being revoked: of a million uses that begin after the answer to the
// revocation none succeeds. Goal 8; make check tries it through HTTP and under the race detector.
func benchRevoked(f *field, r *report) error {
	const tries, callers = 1_000_000, 8
	ctx := context.Background()
	var after, late, good atomic.Int64
	for round := 0; after.Load() < tries; round++ {
		id, value, err := f.token(fmt.Sprint("t", round))
		if err != nil {
			return err
		}
		var revoked, stop atomic.Bool
		done := make(chan struct{})
		for range callers {
			go func() {
				defer func() { done <- struct{}{} }()
				for !stop.Load() {
					dead := revoked.Load() // before the use begins
					_, err := f.auth.Authenticate(ctx, identity.Credentials{Authorization: "Bearer " + value})
					switch {
					case dead && err == nil:
						late.Add(1)
						fallthrough
					case dead:
						after.Add(1)
					case err == nil:
						good.Add(1)
					}
				}
			}()
		}
		time.Sleep(5 * time.Millisecond)
		err = f.db.RevokeToken(ctx, id, "deleted", time.Now(), ids.Event{Type: "token.delete"})
		revoked.Store(true)
		time.Sleep(20 * time.Millisecond)
		stop.Store(true)
		for range callers {
			<-done
		}
		if err != nil {
			return err
		}
	}
	if good.Load() == 0 {
		return fmt.Errorf("no token ever worked")
	}
	r.figure("8, uses of a token begun after its revocation was answered", fmt.Sprintf("%d of %d succeed", late.Load(), after.Load()), "0 of ≥ 1000000", late.Load() == 0)
	return nil
}
