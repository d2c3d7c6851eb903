package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) audit() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "audit",
		Short: "Read and check the audit log",
		Long: `Read and check the audit log of the hub in a data folder, as its operator. Every event is chained to the one before it
by a hash, and the hub signs the state of the log once a minute into a file outside of the database.`,
		Example: `  ambit audit list --type 'token.*' --since 2027-01-31
  ambit audit export --org acme > acme.jsonl
  ambit audit verify`,
	})
	a.dataFlags(c)
	a.jsonFlag(c)
	c.AddCommand(a.auditList(), a.auditExport(), a.auditVerify(), a.auditProof(), a.auditCheck())
	return c
}

// auditFilter are the flags that select events.
type auditFilter struct {
	org, typ, actor, token, repo, text, since, until string
}

func (f *auditFilter) add(c *cobra.Command) {
	c.Flags().StringVar(&f.org, "org", "", "only events of this organization's or user's namespace")
	c.Flags().StringVar(&f.typ, "type", "", "only events of this type, or of a family such as 'repo.*'")
	c.Flags().StringVar(&f.actor, "actor", "", "only what this user did")
	c.Flags().StringVar(&f.token, "token", "", "only what was done with the token of this id")
	c.Flags().StringVar(&f.repo, "repo", "", "only events of the repository with this id")
	c.Flags().StringVar(&f.text, "text", "", "only events whose type, actor or message contains this")
	c.Flags().StringVar(&f.since, "since", "", "only from this day (2027-01-31) or instant (2027-01-31T12:00:00Z) on")
	c.Flags().StringVar(&f.until, "until", "", "only before this day or instant")
}

func (f *auditFilter) query(c *cobra.Command) (q operatorapi.AuditQuery, err error) {
	q = operatorapi.AuditQuery{Org: f.org, Type: f.typ, Actor: f.actor, Token: hub.ID(f.token), Repo: hub.ID(f.repo), Text: f.text}
	for flag, to := range map[string]**time.Time{"since": &q.Since, "until": &q.Until} {
		s := c.Flag(flag).Value.String()
		if s == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			if t, err = time.Parse(time.RFC3339, s); err != nil {
				return q, &usageError{c.CommandPath(), fmt.Sprintf("--%s %q is neither a day such as 2027-01-31 nor a time such as 2027-01-31T12:00:00Z", flag, s)}
			}
		}
		*to = &t
	}
	return q, nil
}

func (a *app) auditList() *cobra.Command {
	var f auditFilter
	limit := 50
	c := &cobra.Command{
		Use: "list", Short: "List events, newest first", Args: args(),
		Example: "  ambit audit list --org acme --type 'org.*' --limit 20",
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := f.query(c)
			if err != nil {
				return err
			}
			if limit < 1 {
				return &usageError{c.CommandPath(), "--limit must be at least 1; 'ambit audit export' prints all events"}
			}
			return a.withHub(false, func(h *connection) error {
				list := []operatorapi.AuditEvent{}
				err := a.eachEvent(h, q, limit, func(e operatorapi.AuditEvent) error {
					list = append(list, e)
					return nil
				})
				if err != nil {
					return err
				}
				return a.print(list, func() {
					var rows [][]string
					for _, e := range list {
						rows = append(rows, []string{strconv.FormatInt(e.Seq, 10), e.At.UTC().Format("2006-01-02 15:04:05"), e.Type, orDash(e.ActorName), orDash(e.IP), e.Message})
					}
					a.table("SEQ TIME TYPE ACTOR ADDRESS WHAT", rows)
				})
			})
		},
	}
	f.add(c)
	c.Flags().IntVar(&limit, "limit", limit, "how many events")
	return c
}

func (a *app) auditExport() *cobra.Command {
	var f auditFilter
	c := &cobra.Command{
		Use: "export", Short: "Print all events that match, one JSON object a line, newest first", Args: args(),
		Long: `Print all events that match, one JSON object a line, newest first. The export is an event itself; an organization finds
it in its own log.`,
		Example: "  ambit audit export --since 2027-01-01 > events.jsonl",
		RunE: func(c *cobra.Command, _ []string) error {
			q, err := f.query(c)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(a.out)
			enc.SetEscapeHTML(false)
			q.Export = true
			return a.withHub(false, func(h *connection) error {
				return a.eachEvent(h, q, -1, func(e operatorapi.AuditEvent) error { return enc.Encode(e) })
			})
		},
	}
	f.add(c)
	return c
}

// eachEvent calls f for up to limit events; -1 is all.
func (a *app) eachEvent(h *connection, q operatorapi.AuditQuery, limit int, f func(operatorapi.AuditEvent) error) error {
	const page = 1000
	for limit != 0 {
		q.Limit = page
		if limit > 0 {
			q.Limit = min(page, limit)
		}
		var p operatorapi.AuditEvents
		if err := h.Do(a.ctx, operatorapi.AuditList, q, &p); err != nil {
			return err
		}
		for _, e := range p.Items {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(p.Items) < q.Limit {
			return nil
		}
		q.Before, q.Export = p.Items[len(p.Items)-1].Seq, false
		if limit > 0 {
			limit -= len(p.Items)
		}
	}
	return nil
}

func (a *app) auditVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Check that nobody changed the audit log", Args: args(),
		Long: `Check every event against its hash and the one before it, and every signed checkpoint, in the database and in the file,
against the log. Changed, deleted, exchanged and cut events are named. Exit code 1 when something is wrong.

The file of checkpoints convicts even those who can write the whole database, as long as they cannot write the file:
copy it away from time to time.`,
		Example: "  ambit audit verify --data ./data",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error {
				var r operatorapi.AuditReport
				if err := h.Do(a.ctx, operatorapi.AuditVerify, operatorapi.Empty{}, &r); err != nil {
					return err
				}
				if err := a.print(r, func() { a.printReport(r) }); err != nil {
					return err
				}
				if n := len(r.Problems) + r.More; n > 0 {
					return fmt.Errorf("the audit log does not hold: %d problems", n)
				}
				return nil
			})
		},
	}
}

func (a *app) printReport(r operatorapi.AuditReport) {
	a.printf("events       %d, from number %d\ncheckpoints  %d in the database, %d in %s\nkey          %s\n",
		r.Events, r.First, r.Checkpoints, r.Outside, r.File, strings.Join(r.Keys, "\n             "))
	for _, p := range r.Problems {
		a.printf("PROBLEM      %s\n", oneLine(p.Text)) // with words out of rows that somebody changed
	}
	if r.More > 0 {
		a.printf("             and %d more\n", r.More)
	}
	if len(r.Problems) == 0 {
		a.printf("Nothing is wrong.\n")
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
