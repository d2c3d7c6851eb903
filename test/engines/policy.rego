# The rules about repositories that the benchmark's universe needs.
package ambit

s := data.subjects[input.subject]

r := data.repos[input.repo]

role := s.Roles[r.Owner]

reading := {"repo.view", "repo.content.read", "repo.preupload"}

default allow := false

allow if {
	person
	gate
	token
}

owner if s.User == r.Owner

reader if owner

reader if role in {"read", "contributor", "write", "admin"}

person if {
	input.action in reading
	not r.Private
}

person if {
	input.action in reading
	reader
}

person if {
	not input.action in reading
	writer
}

writer if owner

writer if role in {"write", "admin"}

writer if {
	role == "contributor"
	r.Creator == s.User
}

gated if {
	input.action == "repo.content.read"
	r.Gated
}

gate if not gated

gate if reader

token if s.Kind == "write"

token if {
	s.Kind == "read"
	input.action in reading
}

token if {
	s.Kind == "fine-grained"
	scoped
}

single if s.Entries[input.repo]

speaking := s.Entries[input.repo]

speaking := s.Entries[r.Owner] if not single

entry_reads if speaking["repo.content.read"]

entry_reads if speaking["repo.write"]

scoped if {
	input.action in reading
	not r.Private
	not gated
}

scoped if {
	input.action in reading
	r.Private
	entry_reads
}

scoped if {
	gated
	not r.Private
	single
	entry_reads
}

scoped if {
	gated
	not r.Private
	not single
	s.ReadGated
}

scoped if {
	gated
	not r.Private
	not single
	entry_reads
	belongs
}

belongs if owner

belongs if role

scoped if {
	input.action in {"repo.write", "repo.settings"}
	speaking["repo.write"]
}

scoped if {
	input.action in {"repo.publish", "repo.delete"}
	s.Entries[r.Owner]["repo.write"]
	speaking["repo.write"]
}
