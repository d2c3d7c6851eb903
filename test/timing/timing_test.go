package timing

import (
	"bufio"
	"bytes"
	crand "crypto/rand"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/hubapi"
	"github.com/ambit-hub/ambit/internal/protocol/lfs"
	"github.com/ambit-hub/ambit/internal/protocol/resolve"
	"github.com/ambit-hub/ambit/internal/service/repos"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/testkit"
	"github.com/ambit-hub/ambit/internal/testkit/dudect"
	"github.com/ambit-hub/ambit/internal/testkit/goal"
)

// names is how many names each set has. All have one length and differ in their digits alone.
const names = 64

// hidden tells whether the names of a set are those of hidden repositories; the others are names of nothing.
func hidden(set int) bool { return set < dudect.Sets/2 }

// places are where the names of each set lie in the order of all, mixed so that each record is anybody's neighbour: the name
// of nothing that goes with a repository comes right before it, so that as many come before each repository.
var places = rand.New(rand.NewPCG(1, 2)).Perm(dudect.Sets / 2 * names)

func name(set, i int) string {
	n := 2 * places[set%2*names+i]
	if hidden(set) {
		n++
	}
	return fmt.Sprintf("name-%04d", 1000+n)
}

// world is a hub with hidden repositories among others.
func world(tb testing.TB) *testkit.Hub {
	h := testkit.New(tb, func(h *testkit.Hub) {
		t := h.Transfer(transfer.Config{})
		hubapi.New(hubapi.Services{Repos: h.Repos, Transfer: t}).Register(h.Server)
		resolve.New(t).Register(h.Server)
		lfs.New(t, h.Auth, nil).Register(h.Server)
	})
	h.World()
	card := repos.File{Path: "README.md", Content: []byte("---\nlicense: mit\ntags: [a, b]\n---\n# Hidden\n")}
	for _, k := range rand.New(rand.NewPCG(3, 4)).Perm(dudect.Sets / 2 * names) {
		id, _ := hub.ParseRepoID(hub.Model, "acme/"+name(k/names, k%names))
		h.Repo("alice.write", id, repos.NewRepo{Visibility: hub.Private, Files: []repos.File{card}})
	}
	return h
}

// probe is a request about a repository of acme.
type probe struct{ name, method, path, body string }

var probes = []probe{
	{"info", "GET", "/api/models/acme/NAME", ""},
	{"resolve", "GET", "/acme/NAME/resolve/main/README.md", ""},
	{"batch", "POST", "/acme/NAME.git/info/lfs/objects/batch", `{"operation":"download","objects":[]}`},
	{"settings", "PUT", "/api/models/acme/NAME/settings", `{"private":true}`},
	{"page", "GET", "/acme/NAME/no/such/page", ""},
}

func (p probe) request(h *testkit.Hub, token string, set, i int) *http.Request {
	r, err := http.NewRequest(p.method, h.URL+strings.ReplaceAll(p.path, "NAME", name(set, i)), strings.NewReader(p.body))
	if err != nil {
		h.T.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+h.TokenValue(token))
	}
	r.RemoteAddr = "192.0.2.1:4711"
	return r
}

// drain is a ResponseWriter that keeps nothing.
type drain struct{ header http.Header }

func (d drain) Header() http.Header         { return d.header }
func (d drain) Write(b []byte) (int, error) { return len(b), nil }
func (d drain) WriteHeader(int)             {}

// inProcess times the whole handler.
func inProcess(h *testkit.Hub) func(*http.Request) time.Duration {
	return func(r *http.Request) time.Duration {
		w := drain{http.Header{}}
		start := time.Now()
		h.Server.ServeHTTP(w, r)
		return time.Since(start)
	}
}

// overLoopback times from the first byte sent to the last one received, on one connection.
func overLoopback(h *testkit.Hub) func(*http.Request) time.Duration {
	c, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		h.T.Fatal(err)
	}
	h.T.Cleanup(func() { c.Close() })
	in := bufio.NewReader(c)
	return func(r *http.Request) time.Duration {
		var out bytes.Buffer
		r.Write(&out)
		start := time.Now()
		c.Write(out.Bytes())
		res, err := http.ReadResponse(in, r)
		if err != nil {
			h.T.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		return time.Since(start)
	}
}

// cold is inProcess with nothing remembered: a commit to the database comes before each request.
func cold(h *testkit.Hub) func(*http.Request) time.Duration {
	timed := inProcess(h)
	return func(r *http.Request) time.Duration {
		if err := h.DB.PutSetting(r.Context(), "timing", crand.Text()); err != nil {
			h.T.Fatal(err)
		}
		return timed(r)
	}
}

func BenchmarkHiddenVersusMissing(b *testing.B) {
	h := world(b)
	for _, via := range []struct {
		name  string
		timed func(*testkit.Hub) func(*http.Request) time.Duration
	}{{"warm", inProcess}, {"cold", cold}, {"loopback", overLoopback}} {
		timed := via.timed(h)
		for _, token := range []string{"mallory.read", ""} {
			for _, p := range probes {
				b.Run(via.name+"/"+p.name+"/"+who(token), func(b *testing.B) { measure(b, h, timed, p, token) })
			}
		}
	}
}

func who(token string) string {
	if token == "" {
		return "anonymous"
	}
	return token
}

// measure makes b.N requests with the names of each set.
func measure(b *testing.B, h *testkit.Hub, timed func(*http.Request) time.Duration, p probe, token string) {
	if b.N < 100 {
		return
	}
	r := dudect.Compare(b.N, func(set int, order *rand.Rand) time.Duration {
		return timed(p.request(h, token, set, order.IntN(names)))
	})
	b.ReportMetric(r.Mean, "mean-ns")
	b.ReportMetric(r.Delta, "delta-ns")
	b.ReportMetric(r.T, "t")
	b.ReportMetric(r.NullDelta, "null-delta-ns")
	b.ReportMetric(r.NullT, "null-t")
	b.ReportMetric(0, "ns/op")
	if !r.Holds() {
		b.Logf("the null control fails, |t| %.1f: this says nothing", r.NullT)
		return
	}
	what := "14, hidden against missing, " + b.Name()[strings.IndexByte(b.Name(), '/')+1:]
	if strings.Contains(b.Name(), "warm") {
		goal.AtMost(b, what, math.Abs(r.Delta), 5, "ns")
		return
	}
	goal.AtMost(b, what, math.Abs(r.T), dudect.Bar, "|t|") // too few samples for nanoseconds: see store/meta for those of cold reads
}

// TestClassesAnswerAlike holds the answers of all classes against each other, byte for byte.
func TestClassesAnswerAlike(t *testing.T) {
	h := world(t)
	for _, token := range []string{"mallory.read", ""} {
		for _, p := range probes {
			var first string
			for set := range dudect.Sets {
				res, err := http.DefaultTransport.RoundTrip(p.request(h, token, set, 7))
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				res.Header.Del("X-Request-Id")
				res.Header.Del("Date")
				var b strings.Builder
				res.Header.Write(&b)
				answer := fmt.Sprintf("%s\n%s\n%s", res.Status, b.String(), body)
				if first == "" {
					first = answer
				}
				if answer != first || res.StatusCode < 400 {
					t.Errorf("%s as %s: set %d answers\n%s\nnot\n%s", p.name, who(token), set, answer, first)
				}
			}
		}
	}
}
