package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/testkit/goal"
)

// BenchmarkSnapshots looks up snapshots in a cache that is full, and says how much memory one takes with everything that
// keeps it: of a person in three of a thousand organizations and two of their resource groups, let in at two gates, with
// a fine-grained token of four entries. Goal 7 of the engine, as far as memory is concerned; BenchmarkTokens of store/meta
// is the rest.
func BenchmarkSnapshots(b *testing.B) {
	const held = 100_000
	keys := make([]digest, held)
	for i := range keys {
		keys[i] = sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	orgs := make([]hub.ID, 1000)
	for i := range orgs {
		orgs[i] = hub.NewID()
	}
	before := heap()
	c := newCache(held + held/8) // the shards are not filled quite evenly
	for i := range keys {
		e := &entry{subject: *typical(orgs, i, keys[i]), until: math.MaxUint32}
		c.install(&keys[i], e, c.begin())
	}
	each := float64(heap()-before) / held
	found, now := 0, time.Now()
	ns := measured(b, func(i int) {
		if c.get(&keys[i*7919%held], now) != nil {
			found++
		}
	})
	if found == 0 {
		b.Fatal("nothing found")
	}
	changed := 0
	stale := measured(b, func(i int) { // each after a change that concerns others: it is looked at anew
		if i%held == 0 {
			c.drop([]hub.Change{{Kind: hub.ChangeUser, ID: hub.NewID()}})
		}
		if c.get(&keys[i*7919%held], now) != nil {
			changed++
		}
	})
	b.ReportMetric(each, "B/snapshot")
	b.ReportMetric(stale, "cpu-ns/get-after-a-change")
	goal.AtMost(b, "7, a cached lookup among 100,000", ns, 300, "ns")
	goal.AtMost(b, "7, memory of an active snapshot, cache and names included", each, 512, "B")
}

func typical(orgs []hub.ID, i int, k digest) *access.Subject {
	f := hub.SubjectFacts{User: hub.User{ID: hub.NewID(), Name: "alice-" + strconv.Itoa(i), Email: "alice@example.org"}}
	f.Token = &hub.Token{ID: hub.NewID(), UserID: f.User.ID, Kind: hub.TokenFineGrained, Name: "training run", Last4: "aBcD", ExpiresAt: time.Now().Add(time.Hour)}
	for j := range 3 {
		org := orgs[(i+j*37)%len(orgs)]
		f.Memberships = append(f.Memberships, hub.Member{OrgID: org, OrgName: "organization-" + strconv.Itoa(j), UserID: f.User.ID, Role: hub.RoleWrite})
	}
	for j := range 2 {
		f.Groups = append(f.Groups, hub.GroupMember{GroupID: hub.NewID(), GroupName: "research", OrgID: f.Memberships[j].OrgID, UserID: f.User.ID, Role: hub.RoleWrite})
		f.Gates = append(f.Gates, hub.GateGrant{RepoID: hub.NewID(), Kind: hub.GateUser, State: hub.GateAccepted})
		f.Token.Scopes = append(f.Token.Scopes,
			hub.Scope{EntityType: hub.EntityOrg, EntityID: f.Memberships[j].OrgID, NamespaceID: f.Memberships[j].OrgID, Permissions: hub.RepoPermissions},
			hub.Scope{EntityType: hub.EntityModel, EntityID: hub.NewID(), NamespaceID: f.Memberships[j].OrgID, GroupID: f.Groups[j].GroupID, Permissions: hub.RepoPermissions})
	}
	return access.NewSubject(f, access.Credential{Digest: k})
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
