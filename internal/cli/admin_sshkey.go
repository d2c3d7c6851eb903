package cli

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) adminSSHKey() *cobra.Command {
	c := group(&cobra.Command{
		Use:     "ssh-key",
		Short:   "Manage the SSH keys of users",
		Example: "  ambit admin ssh-key add alice ~/.ssh/id_ed25519.pub",
	})
	c.AddCommand(a.sshKeyAdd(), a.sshKeyList(), a.sshKeyRemove())
	return c
}

// maxKeyFile is more than any public key has, in bytes.
const maxKeyFile = 32 << 10

func (a *app) sshKeyAdd() *cobra.Command {
	var k operatorapi.NewSSHKey
	c := &cobra.Command{
		Use: "add USER FILE", Short: "Give a public key to a user", Args: args("USER", "FILE"),
		Long: `Give a public key to a user: whoever has its private half works with git as that user, with all the user's rights.
FILE is a public key such as id_ed25519.pub; "-" reads it from standard input.`,
		Example: "  ambit admin ssh-key add alice ~/.ssh/id_ed25519.pub --name laptop",
		RunE: func(_ *cobra.Command, argv []string) error {
			in := a.in
			if argv[1] != "-" {
				f, err := os.Open(argv[1])
				if err != nil {
					return hub.Wrap(err, hub.InvalidInput, "The file %s cannot be read.", argv[1])
				}
				defer f.Close()
				in = f
			}
			text, err := io.ReadAll(io.LimitReader(in, maxKeyFile))
			if err != nil {
				return err
			}
			k.User, k.Public = argv[0], strings.TrimSpace(string(text))
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.SSHKeyAdd, k, func(r operatorapi.SSHKey) {
					a.printf("Gave %s the key %s (%s, %s).\n", r.User, r.Name, r.Kind, r.Fingerprint)
				})
			})
		},
	}
	c.Flags().StringVar(&k.Name, "name", "", "name of the key (default: the comment in it)")
	return c
}

func (a *app) sshKeyList() *cobra.Command {
	return &cobra.Command{
		Use: "list USER", Short: "List the keys of a user", Args: args("USER"),
		Example: "  ambit admin ssh-key list alice",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				var l operatorapi.SSHKeys
				if err := h.Do(a.ctx, operatorapi.SSHKeyList, operatorapi.Name{Name: argv[0]}, &l); err != nil {
					return err
				}
				return a.print(l.Items, func() {
					var rows [][]string
					for _, k := range l.Items {
						rows = append(rows, []string{string(k.ID), k.Kind, k.Fingerprint, k.Name})
					}
					a.table("ID KIND FINGERPRINT NAME", rows)
				})
			})
		},
	}
}

func (a *app) sshKeyRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Take a key away", Args: args("ID"),
		Example: "  ambit admin ssh-key remove 01a213aced410010b7f45692",
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.withHub(false, func(h *connection) error {
				return done(a, h, operatorapi.SSHKeyRemove, operatorapi.ID{ID: hub.ID(argv[0])}, "Key removed.")
			})
		},
	}
}
