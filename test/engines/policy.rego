# The rules about repositories that the benchmark's universe needs.
package ambit

s := data.subjects[input.subject]

r := data.repos[input.repo]

role := s.Roles[r.Owner]

reading := {"repo.view", "repo.content.read", "repo.preupload"}

default allow := false

allow if {
	taken
	person
	gate
	token
}

owner if s.User == r.Owner

default grouped := false

grouped if r.Group != ""

group_role := s.Groups[r.Group] if role

reader if owner

reader if role == "admin"

reader if {
	not grouped
	role in {"read", "contributor", "write"}
}

reader if {
	grouped
	not r.Private
	role in {"read", "contributor", "write"}
}

reader if {
	grouped
	group_role in {"read", "contributor", "write", "admin"}
}

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

writer if role == "admin"

writer if {
	not grouped
	role == "write"
}

writer if {
	not grouped
	role == "contributor"
	r.Creator == s.User
}

writer if {
	grouped
	group_role in {"write", "admin"}
}

writer if {
	grouped
	group_role == "contributor"
	r.Creator == s.User
}

gated if {
	input.action == "repo.content.read"
	r.Gated
}

gate if not gated

gate if reader

gate if s.Accepted[input.repo]

# Whether the organization takes the token of its member.
refused if s.Decided[r.Owner] == "revoked"

refused if {
	s.Kind != "fine-grained"
	r.Policy != "allow_all"
}

refused if {
	s.Kind == "fine-grained"
	r.Policy == "require_approval"
	not s.Decided[r.Owner] == "approved"
}

taken if not role

taken if not refused

taken if {
	not r.Private
	input.action == "repo.view"
}

taken if {
	not r.Private
	not r.Gated
	input.action == "repo.content.read"
}

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
