package git

import (
	"context"
	"fmt"
	"io"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/pktline"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Protocol versions of fetches. Pushes know only V0.
const (
	V0 = 0
	V1 = 1
	V2 = 2
)

// protocolError is for a client that does not speak the protocol. Git shows the text after "remote error:".
func protocolError(format string, args ...any) error {
	return hub.Errorf(hub.InvalidInput, format, args...)
}

// v2Features are what a fetch can be told to do. That refs can be wanted by their names works too, but is not said, as git
// does not say it unless it is set up to: clients who are told so cannot ask for objects by their ids, as git's own manual
// does with fetch-pack --stdin, nor for all refs. It helps when servers behind one address differ in what they know, and
// here they do not.
const v2Features = "shallow wait-for-done filter sideband-all"

// AdvertiseUpload writes what a fetch can be told: the refs in versions 0 and 1, in version 2 the commands.
// stateless tells that the client will ask anew with each request. g must hold RepoContentRead.
func (s *Service) AdvertiseUpload(ctx context.Context, g access.Grant, version int, stateless bool, out io.Writer) error {
	repo, err := g.Repo(access.RepoContentRead)
	if err != nil {
		return err
	}
	w := pktline.NewWriter(out)
	if version == V2 {
		for _, line := range []string{"version 2", "agent=" + s.agent, "ls-refs=unborn", "fetch=" + v2Features, "server-option", "object-format=sha1", "object-info"} {
			w.Textf("%s\n", line)
		}
		return w.Mark(pktline.Flush)
	}
	if version == V1 {
		w.Textf("version 1\n")
	}
	caps := "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative " +
		"no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want filter"
	if stateless {
		caps += " no-done"
	}
	return s.advertiseRefs(ctx, repo, caps, true, w)
}

// receiveCaps are what a push may use.
const receiveCaps = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options"

// AdvertiseReceive writes what a push starts from. Version 2 has no pushes: clients that speak it push in version 0. g must
// hold RepoWrite.
func (s *Service) AdvertiseReceive(ctx context.Context, g access.Grant, version int, out io.Writer) error {
	repo, err := g.Repo(access.RepoWrite)
	if err != nil {
		return err
	}
	w := pktline.NewWriter(out)
	if version == V1 {
		w.Textf("version 1\n")
	}
	return s.advertiseRefs(ctx, repo, receiveCaps, false, w)
}

// advertiseRefs writes all refs, the first with the capabilities behind it. Fetches also see HEAD and peeled tags.
func (s *Service) advertiseRefs(ctx context.Context, repo hub.Repo, caps string, fetch bool, w *pktline.Writer) error {
	refs, err := s.refs(ctx, repo)
	if err != nil {
		return err
	}
	caps = fmt.Sprintf("%s object-format=sha1 agent=%s", caps, s.agent)
	head, born := findRef(refs, defaultHead)
	if fetch && born {
		caps += " symref=HEAD:" + defaultHead
	}
	line := func(oid hub.OID, name string) {
		if caps != "" {
			name += "\x00" + caps
			caps = ""
		}
		w.Textf("%s %s\n", oid, name)
	}
	if fetch && born {
		line(head.Target, headRef)
	}
	peel := s.peeler(ctx, repo)
	defer peel.close()
	for _, r := range refs {
		line(r.Target, r.Name)
		if !fetch {
			continue
		}
		oid, isTag, err := peel.of(r)
		if err != nil {
			return err
		}
		if isTag {
			line(oid, r.Name+"^{}")
		}
	}
	if len(refs) == 0 {
		line(hub.ZeroOID, "capabilities^{}")
	}
	return w.Mark(pktline.Flush)
}
