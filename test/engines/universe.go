package main

import (
	"encoding/json"
	"os"
)

// universe is what TestDumpUniverse wrote.
type universe struct {
	Ambit    float64  // processor time of one of our decisions about the first queries, in ns
	Hot      float64  // the same when only the first few are asked again and again
	Actions  []string // numbers of queries are indexes here
	Subjects []subject
	Repos    []repo
	Queries  [][3]int // subject, repository, action
	Allowed  string   // a 1 or a 0 for each query
}

type subject struct {
	Kind      string
	User      string
	Roles     map[string]string // organization → role
	Groups    map[string]string // resource group → role
	Decided   map[string]string // organization → what it decided about the token
	Accepted  map[string]bool   // repositories whose gate lets the person in
	Entries   map[string]entry  // of a fine-grained token: namespace or repository → permissions
	ReadGated bool
}

type entry map[string]bool

type repo struct {
	ID      string
	Owner   string
	Creator string
	Group   string // resource group, empty for none
	Policy  string // of the organization about tokens
	Private bool
	Gated   bool
}

func readUniverse(file string) (u *universe, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return u, json.Unmarshal(b, &u)
}

var reads = map[string]bool{"repo.view": true, "repo.content.read": true, "repo.preupload": true}
