package operator

import (
	"context"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/sshkeys"
)

// AddSSHKeys adds the calls about users' SSH keys. To be called before the handler serves.
func (h *Handler) AddSSHKeys(s *sshkeys.Service) {
	h.calls[operatorapi.SSHKeyAdd] = call(func(ctx context.Context, g access.Grant, n operatorapi.NewSSHKey) (operatorapi.SSHKey, error) {
		k, err := s.Add(ctx, g, n.User, n.Name, n.Public)
		return sshKeyOf(k), err
	})
	h.calls[operatorapi.SSHKeyList] = call(func(ctx context.Context, g access.Grant, n operatorapi.Name) (operatorapi.SSHKeys, error) {
		ks, err := s.List(ctx, g, n.Name)
		out := operatorapi.SSHKeys{Items: []operatorapi.SSHKey{}}
		for _, k := range ks {
			out.Items = append(out.Items, sshKeyOf(k))
		}
		return out, err
	})
	h.calls[operatorapi.SSHKeyRemove] = call(func(ctx context.Context, g access.Grant, id operatorapi.ID) (empty, error) {
		return empty{}, s.Remove(ctx, g, id.ID)
	})
}

func sshKeyOf(k hub.SSHKey) operatorapi.SSHKey {
	out := operatorapi.SSHKey{ID: k.ID, User: k.UserName, Name: k.Name, Kind: k.Kind, Fingerprint: k.Fingerprint, CreatedAt: k.CreatedAt.UTC().Format(time.RFC3339)}
	if !k.LastUsedAt.IsZero() {
		out.LastUsedAt = k.LastUsedAt.UTC().Format(time.RFC3339)
	}
	return out
}
