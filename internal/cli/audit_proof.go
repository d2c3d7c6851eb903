package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/auditchain"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

func (a *app) auditProof() *cobra.Command {
	return &cobra.Command{
		Use: "proof EVENT", Short: "Prove that an event is in the audit log", Args: args("EVENT"),
		Long: `Print a proof, as JSON, that one event is in the log that the hub has signed: the event, by its id or its number, a signed
checkpoint, and a few hashes. It can be checked without the hub by ambit audit check, and says nothing about other events.
It tells the address that the event came from; proofs that administrators of an organization fetch from
/api/organizations/NAME/audit-log/ID/proof do not.`,
		Example: "  ambit audit proof 4711 > proof.json",
		RunE: func(_ *cobra.Command, in []string) error {
			return a.withHub(false, func(h *connection) error {
				var p auditchain.Proof
				if err := h.Do(a.ctx, operatorapi.AuditProof, operatorapi.AuditProve{Event: in[0]}, &p); err != nil {
					return err
				}
				enc := json.NewEncoder(a.out)
				enc.SetEscapeHTML(false)
				enc.SetIndent("", "  ")
				return enc.Encode(p)
			})
		},
	}
}

// maxProof is the size in bytes beyond which a file is no proof.
const maxProof = 1 << 20

func (a *app) auditCheck() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use: "check FILE", Short: "Check a proof, without any hub", Args: args("FILE"),
		Long: `Check a proof that ambit audit proof printed or that an administrator of an organization was given; - reads it from standard
input. Nothing is asked of any hub. Give the hub's public key, which ambit audit verify prints, with --key: without it the
key is the one that the proof names, and what is checked is only that the proof agrees with itself. Exit code 1 when the
proof does not hold.`,
		Example: "  ambit audit check proof.json --key \"$(cat hub.key)\"",
		RunE: func(_ *cobra.Command, in []string) error {
			var src io.Reader = a.in
			if in[0] != "-" {
				f, err := os.Open(in[0])
				if err != nil {
					return err
				}
				defer f.Close()
				src = f
			}
			var p auditchain.Proof
			if err := json.NewDecoder(io.LimitReader(src, maxProof)).Decode(&p); err != nil {
				return fmt.Errorf("%s holds no proof: %w", in[0], err)
			}
			at, err := p.Check(cmp.Or(key, p.Key))
			if err != nil {
				return fmt.Errorf("the proof does not hold: %w", err)
			}
			return a.print(checkedProof{p.Event, at.Size, cmp.Or(key, p.Key), key != ""}, func() {
				e := p.Event
				a.printf("event        %d, %s, %s by %s\n             %s\nsigned       %s, when the log had %d events\nkey          %s\n",
					e.Seq, e.At.UTC().Format("2006-01-02 15:04:05"), oneLine(e.Type), oneLine(orDash(e.ActorName)), oneLine(orDash(e.Message)),
					at.At.UTC().Format("2006-01-02 15:04:05"), at.Size, cmp.Or(key, p.Key))
				if key == "" {
					a.printf("The key is the one that the proof names. Compare it with one that you know, or give it with --key.\n")
				}
				a.printf("The event is in the log.\n")
			})
		},
	}
	c.Flags().StringVar(&key, "key", "", "the hub's public key")
	return c
}

// checkedProof is the outcome of checking a proof, for --json.
type checkedProof struct {
	Event   auditchain.ProvenEvent `json:"event"`
	LogSize int64                  `json:"logSize"`
	Key     string                 `json:"key"`
	Pinned  bool                   `json:"keyGiven"` // the key was the caller's, not the proof's
}
