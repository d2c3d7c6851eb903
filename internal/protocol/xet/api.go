package xet

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/access/identity"
	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// Tickets makes and reads tokens and the tickets in URLs; identity.Authenticator is one.
type Tickets interface {
	Mint(s *access.Subject, t identity.Ticket) string
	Redeem(ctx context.Context, text, method string) (*access.Subject, identity.Ticket, error)
}

// Copier makes a large file of the repository that g may read part of the one that it may write. transfer.Service is one
// for all repositories, xet.Service for those of one owner.
type Copier interface {
	Copy(ctx context.Context, g access.Grant, file xethash.Hash, d hub.Digest, ev hub.Event) error
}

// API is the Xet protocol.
type API struct {
	xet     *xet.Service
	copies  Copier
	tickets Tickets
	now     func() time.Time
}

// New makes an API. now may be nil for the machine's clock.
func New(s *xet.Service, tickets Tickets, now func() time.Time) *API {
	if now == nil {
		now = time.Now
	}
	return &API{xet: s, copies: s, tickets: tickets, now: now}
}

// WithCopies lets c copy files, also from one owner to another. It returns a.
func (a *API) WithCopies(c Copier) *API {
	a.copies = c
	return a
}

// base is where the store lies. {space} is the domain and the epoch of its memory: clients keep what they remember of chunks
// by the address they got. Any space is accepted, since a running upload keeps the address it began with, and the
// token alone says whose chunks are meant.
const base = "/xet/{space}"

const maxQuery = 1 << 20 // bytes of a JSON body

// Register adds the routes to s.
func (a *API) Register(s *httpd.Server) {
	s.Repo(httpd.RepoAPI, "GET /xet-read-token/{rev}", access.RepoContentRead, a.readToken)
	httpd.Add(s, httpd.RepoAPI, "GET /xet-write-token/{rev}", parseWriting, a.writeToken)
	httpd.Add(s, httpd.RepoAPI, "POST /lfs-files/duplicate", parseDuplicate, a.duplicate, httpd.MaxBody(maxDuplicate))

	read := func(pattern string, h handler, opts ...httpd.Option) {
		httpd.Add(s, httpd.Root, pattern, parse(access.RepoContentRead), h, a.options(opts)...)
	}
	write := func(pattern string, h handler, opts ...httpd.Option) {
		httpd.Add(s, httpd.Root, pattern, parse(access.RepoWrite), h, a.options(opts)...)
	}
	any := func(pattern string, h handler, opts ...httpd.Option) {
		httpd.Add(s, httpd.Root, pattern, parse(access.NoAction), h, a.options(opts)...)
	}
	read("GET "+base+"/v1/reconstructions/{hash}", a.reconstructV1)
	read("GET "+base+"/v2/reconstructions/{hash}", a.reconstructV2)
	read("GET "+base+"/v1/reconstructions", a.reconstructBatch)
	read("POST "+base+"/v1/reconstructions", a.reconstructBatch, httpd.MaxBody(maxQuery))
	read("HEAD "+base+"/v1/files/{hash}", a.headFile)
	read("GET "+base+"/v2/file-chunk-hashes/{hash}", a.editRanges)
	any("GET "+base+"/v1/chunks/{prefix}/{hash}", a.chunk)
	any("HEAD "+base+"/v1/xorbs/{prefix}/{hash}", a.headXorb)
	write("POST "+base+"/v1/xorb-grants/{prefix}/{hash}", noGrants)
	write("POST "+base+"/v1/xorbs/{prefix}/{hash}", a.putXorb, httpd.Upload())
	write("POST "+base+"/v1/shards", a.putShardV1, httpd.Upload())
	write("POST "+base+"/v2/shards", a.putShardV2, httpd.Upload())

	// The names that hf_xet used before September 2025, with the same bodies. Source: hf_xet 1.0.3.
	read("GET "+base+"/reconstruction/{hash}", a.reconstructV1)
	read("GET "+base+"/reconstructions", a.reconstructBatch)
	any("GET "+base+"/chunk/{prefix}/{hash}", a.chunk)
	any("HEAD "+base+"/xorb/{prefix}/{hash}", a.headXorb)
	write("POST "+base+"/xorb/{prefix}/{hash}", a.putXorb, httpd.Upload())
	write("POST "+base+"/shard/{prefix}/{hash}", a.putShardV1, httpd.Upload())
	write("POST "+base+"/shards", a.putShardV1, httpd.Upload())

	nobody := httpd.WithCredential(func(*httpd.Request) (*access.Subject, error) { return access.Anonymous(), nil })
	for _, at := range []string{base, ""} { // hf_xet 1.8 drops the path of the address here
		httpd.Add(s, httpd.Root, "POST "+at+"/v1/telemetry", httpd.ParseOpen, telemetry, nobody, httpd.WithStyle(httpd.PlainText))
	}
	httpd.Add(s, httpd.Root, "GET "+base+"/v1/data/{hash}", parseData, a.data, httpd.WithCredential(a.ticket), httpd.WithStyle(httpd.PlainText))
}

func (a *API) options(more []httpd.Option) []httpd.Option {
	return append([]httpd.Option{httpd.WithCredential(a.bearer), httpd.WithStyle(httpd.PlainText)}, more...)
}

// telemetry thanks for what clients tell after each transfer and forgets it. They wait for the answer.
func telemetry(w http.ResponseWriter, _ *httpd.Request, _ httpd.Open, _ access.Grant) error {
	w.WriteHeader(http.StatusOK)
	return nil
}

// noGrants says that xorbs are sent here, not to a storage with grants of its own. hf_xet asks before each one.
func noGrants(http.ResponseWriter, *httpd.Request, call, access.Grant) error {
	return hub.Errorf(hub.NotFound, "Send xorbs to this address.")
}

type handler = func(http.ResponseWriter, *httpd.Request, call, access.Grant) error

// call is a parsed request to the store.
type call struct {
	needs  []access.Need
	writes bool         // the token is one for writing
	hash   xethash.Hash // of the path, zero if it has none
}

// Needs says what the request needs of the repository of its token.
func (c call) Needs() []access.Need { return c.needs }

// parse reads a request that needs an action; NoAction stands for what the token allows. A token for writing reads too, and so
// does one for proposals, whose holder must go on being allowed both.
func parse(action access.Action) func(*httpd.Request) (call, error) {
	return func(r *httpd.Request) (c call, err error) {
		t, ok := r.Context().Value(tokenKey{}).(identity.Ticket)
		if !ok {
			return c, access.NeedsCredential()
		}
		c.writes = t.Action != access.RepoContentRead
		need := t.Need()
		switch {
		case action == access.RepoWrite && !c.writes:
			return c, &hub.Error{Code: hub.Forbidden, Reason: "xet.read_token", Message: "This Xet token is for reading only."}
		case action == access.RepoContentRead:
			need.Action = action
		case t.Action == access.DiscussionWrite:
			c.needs = []access.Need{{Action: access.RepoContentRead, Target: need.Target}}
		}
		c.needs = append(c.needs, need)
		if p := r.Param("prefix"); p != "" && p != "default" && p != "default-merkledb" {
			return c, hub.Errorf(hub.InvalidInput, "Unknown prefix %q: use default.", p)
		}
		if h := r.Param("hash"); h != "" {
			c.hash, err = xethash.Parse(h)
		}
		return c, err
	}
}

type tokenKey struct{}

// tokenMethod stands in tokens where tickets of URLs have a method of HTTP, so that none can be used as the other.
const tokenMethod = "XET"

// bearer takes the Xet token of the Authorization header as the request's credential.
func (a *API) bearer(r *httpd.Request) (*access.Subject, error) {
	scheme, text, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, &hub.Error{Code: hub.Unauthorized, Reason: "xet.no_token", Message: "A Xet token is needed here."}
	}
	s, t, err := a.tickets.Redeem(r.Context(), strings.TrimSpace(text), tokenMethod)
	if hub.Is(err, hub.Forbidden) {
		return nil, &hub.Error{Code: hub.InvalidCredentials, Reason: "xet.token", Message: "The Xet token is not valid or has expired.", Err: err}
	}
	if err != nil {
		return nil, err
	}
	r.Request = r.WithContext(context.WithValue(r.Context(), tokenKey{}, t))
	return s, nil
}
