// Package access says yes or no. It is the only place that does.
//
// A decision is a pure function over a small state: abstract reads every attribute the rules look at from a
// subject and a target and packs it into one State; decide turns a State into five Layers of permission bits
// (subject, role, gate, token, policy). The answer is their AND, and the layers whose bit is zero are the
// explanation. A layer can only remove.
//
// Authorizer is the choke point for requests: it finds the targets of the stated needs, decides, and returns
// a Grant or an error whose words suit the caller. A Grant can only be made here; its zero value opens
// nothing, and services take their target out of it.
//
// The rules themselves, reason codes and sentences are described in docs/access.md.
package access
