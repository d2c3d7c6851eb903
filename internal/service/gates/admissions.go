package gates

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/orgs"
)

// Party is whom an owner admits other than a person: an organization by name, a resource group of the repository's organization by name, a service
// account by id. ID may stand in place of Name.
type Party struct {
	Kind hub.GateSubject
	Name string
	ID   hub.ID
}

// Admissions lists what the gate admits other than persons. Needs RepoAccessRead, or InstanceAdmin.
func (s *Service) Admissions(ctx context.Context, g access.Grant, id hub.RepoID) ([]hub.GateRequest, error) {
	r, err := s.repo(ctx, g, access.RepoAccessRead, id)
	if err != nil {
		return nil, err
	}
	list := []hub.GateRequest{}
	for _, kind := range []hub.GateSubject{hub.GateOrg, hub.GateGroup, hub.GateService} {
		for after := hub.ID(""); ; {
			page, err := s.store.GateRequests(ctx, r.ID, kind, hub.GateAccepted, after, 1000)
			if err != nil {
				return nil, err
			}
			list = append(list, page...)
			if len(page) < 1000 {
				break
			}
			after = page[len(page)-1].ID
		}
	}
	return list, nil
}

// Admit lets an organization, a resource group or a service account in, until the given time or for good. Needs
// RepoAccessManage, or InstanceAdmin. RepoNotGated; NotFound; InvalidInput when it is in already.
func (s *Service) Admit(ctx context.Context, g access.Grant, id hub.RepoID, p Party, until time.Time, from hub.Event) error {
	r, err := s.repo(ctx, g, access.RepoAccessManage, id)
	if err != nil {
		return err
	}
	if err := s.checkUntil(until); err != nil {
		return err
	}
	if r.Gated == hub.Ungated {
		return notGated(r)
	}
	subject, name, err := s.party(ctx, g, r, p)
	if err != nil {
		return err
	}
	ev := event(g, from, "gate.admit", "admitted the "+kindWords[p.Kind]+" "+name+" to "+r.String(), r, subject)
	return s.store.GrantGate(ctx, r.ID, p.Kind, subject, g.Subject().ActorID(), until, ev)
}

// Dismiss ends the admission with the given id. Needs RepoAccessManage, or InstanceAdmin. NotFound.
func (s *Service) Dismiss(ctx context.Context, g access.Grant, id hub.RepoID, admission hub.ID, from hub.Event) error {
	r, err := s.repo(ctx, g, access.RepoAccessManage, id)
	if err != nil {
		return err
	}
	none := hub.Errorf(hub.NotFound, "There is no such admission.")
	if _, err := hub.ParseID(string(admission)); err != nil {
		return none
	}
	x, err := s.store.GateRequestByID(ctx, r.ID, admission)
	if hub.Is(err, hub.NotFound) || err == nil && (x.Kind == hub.GateUser || x.State != hub.GateAccepted) {
		return none
	}
	if err != nil {
		return err
	}
	ev := event(g, from, "gate.dismiss", "dismissed the "+kindWords[x.Kind]+" "+x.SubjectName+" from "+r.String(), r, x.SubjectID)
	_, err = s.store.DecideGate(ctx, r.ID, x.Kind, x.SubjectID, hub.GateRejected, g.Subject().ActorID(), "", time.Time{}, ev)
	return err
}

var kindWords = map[hub.GateSubject]string{hub.GateOrg: "organization", hub.GateGroup: "resource group", hub.GateService: "service account"}

// party finds whom p names. Groups and service accounts are no public things: their organization has to be the
// repository's, and what it does not have is NotFound, whoever else has it.
func (s *Service) party(ctx context.Context, g access.Grant, r hub.Repo, p Party) (id hub.ID, name string, err error) {
	if kindWords[p.Kind] == "" {
		return "", "", hub.Errorf(hub.InvalidInput, "A gate admits an org, a group or a service account (service), not a %q.", string(p.Kind))
	}
	if (p.Name == "") == (p.ID == "") {
		return "", "", hub.Errorf(hub.InvalidInput, "Name whom the gate shall admit by either name or id.")
	}
	if p.ID != "" {
		if _, err := hub.ParseID(string(p.ID)); err != nil {
			return "", "", err
		}
	}
	none := hub.Errorf(hub.NotFound, "There is no such %s.", kindWords[p.Kind])
	var owner hub.ID
	switch p.Kind {
	case hub.GateOrg:
		var o hub.Organization
		if p.ID != "" {
			o, err = s.store.OrgByID(ctx, p.ID)
		} else {
			o, err = s.store.OrgByName(ctx, p.Name)
		}
		id, name, owner = o.ID, o.Name, r.NamespaceID // any organization may be admitted
	case hub.GateGroup:
		var x hub.ResourceGroup
		if p.ID != "" {
			x, err = s.store.GroupByID(ctx, p.ID)
		} else {
			x, err = s.store.GroupByName(ctx, r.NamespaceID, p.Name)
		}
		id, name, owner = x.ID, x.Name, x.OrgID
	case hub.GateService:
		var x hub.ServiceAccount
		if p.ID == "" {
			return "", "", hub.Errorf(hub.InvalidInput, "A service account is named by its id.")
		}
		x, err = s.store.ServiceAccount(ctx, p.ID)
		id, name, owner = x.ID, x.Name, x.OrgID
	}
	switch {
	case hub.Is(err, hub.NotFound), err == nil && owner != r.NamespaceID && !orgs.IsOperator(g):
		return "", "", none
	case err != nil:
		return "", "", err
	}
	return id, name, nil
}
