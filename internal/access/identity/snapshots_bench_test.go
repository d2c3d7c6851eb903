package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"runtime"
	"testing"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
)

// BenchmarkSnapshots looks up snapshots in a cache that holds very many, and says how much memory one takes: of a person
// in four of a thousand organizations with a fine-grained token of four entries. Goal 7 of the engine, as far as memory is
// concerned; BenchmarkTokens of store/meta is the rest.
func BenchmarkSnapshots(b *testing.B) {
	const held = 200_000
	before := heap()
	c := newCache(held)
	keys := make([]digest, held)
	orgs := make([]hub.ID, 1000)
	for i := range orgs {
		orgs[i] = hub.NewID()
	}
	for i := range keys {
		keys[i] = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		c.install(keys[i], &entry{subject: typical(orgs, i), until: math.MaxInt64}, c.begin())
	}
	each := float64(heap()-before) / held
	found := 0
	ns := measured(b, func(i int) {
		if c.get(keys[i*7919%held], 0) != nil {
			found++
		}
	})
	if found == 0 {
		b.Fatal("nothing found")
	}
	b.ReportMetric(each, "B/snapshot")
	goal(b, "7, a cached lookup among 200,000", ns, 300, "ns")
	goal(b, "7, memory of an active snapshot, index and facts included", each, 512, "B")
}

func typical(orgs []hub.ID, i int) *access.Subject {
	f := hub.SubjectFacts{User: hub.User{ID: hub.NewID(), Name: "alice"}}
	f.Token = &hub.Token{ID: hub.NewID(), UserID: f.User.ID, Kind: hub.TokenFineGrained}
	for j := range 4 {
		org := hub.ID([]byte(orgs[(i+j*37)%len(orgs)])) // a copy, as the store makes one
		f.Memberships = append(f.Memberships, hub.Member{OrgID: org, UserID: f.User.ID, Role: hub.RoleWrite})
		f.Token.Scopes = append(f.Token.Scopes, hub.Scope{EntityType: hub.EntityOrg, EntityID: org, NamespaceID: org, Permissions: hub.RepoPermissions})
	}
	return access.NewSubject(f, access.Credential{})
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
