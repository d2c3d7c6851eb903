package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) storage() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "storage",
		Short: "See what the hub stores, check it, and take away what nothing needs",
		Long: `See what the hub stores, check it, and take away what nothing needs.

If the hub of the data folder runs, the command talks to it over the socket admin.sock in the folder. If it does
not run, the command opens the folder itself.`,
		Example: `  ambit storage stats
  ambit storage verify
  ambit storage gc`,
	})
	a.dataFlags(c)
	a.jsonFlag(c)
	c.AddCommand(a.storageStats(), a.storageVerify(), a.storageGC())
	return c
}

func (a *app) storageStats() *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "Show what each owner's repositories hold and take", Args: args(),
		Long: `Show what each owner's repositories hold and take.

LOGICAL is the size of all large files, as they are downloaded; STORED is what those take. The difference was
saved by storing equal parts once (DEDUPED) and by compression (COMPRESSED). GIT is everything else: the
history and the small files. Bytes that several owners have are stored once: the total may be less than the sum.`,
		Example: "  ambit storage stats --json",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error {
				return call(a, h, operatorapi.StorageStats, operatorapi.Empty{}, a.printStorage)
			})
		},
	}
}

func (a *app) printStorage(s operatorapi.Storage) {
	var rows [][]string
	for _, o := range s.Owners {
		name := o.Owner
		if name == "" {
			name = "(gone)"
		}
		rows = append(rows, []string{name, strconv.FormatInt(o.Repositories, 10), bytesText(o.Logical), bytesText(o.Stored),
			bytesText(o.SavedByDedupe), bytesText(o.SavedByCompression), bytesText(o.Git)})
	}
	rows = append(rows, []string{"total", "", "", bytesText(s.Total.Stored), "", "", bytesText(s.Total.Git)})
	a.table("OWNER REPOSITORIES LOGICAL STORED DEDUPED COMPRESSED GIT", rows)
	if s.Total.Damaged > 0 {
		a.printf("\n%d stored objects are damaged: see 'ambit storage verify'.\n", s.Total.Damaged)
	}
}

func (a *app) storageVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Read every stored byte and compare with its hash", Args: args(),
		Long: `Read every stored byte and compare with its hash: large files, chunks, and stored history. It takes as long as
the disk needs to read everything, and may run beside the hub. What is damaged is listed; then the exit code is 1.
A damaged bundle of chunks is healed when somebody uploads the same file again.`,
		Example: "  ambit storage verify --data /srv/ambit",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error { return a.verifyStorage(h) })
		},
	}
}

func (a *app) verifyStorage(h *connection) error {
	all := operatorapi.StorageChecked{Damaged: []operatorapi.StorageDamage{}}
	for from := ""; ; {
		var p operatorapi.StorageChecked
		if err := h.Do(a.ctx, operatorapi.StorageVerify, operatorapi.StorageCheck{From: from}, &p); err != nil {
			return err
		}
		all.Objects, all.Bytes, all.Damaged = all.Objects+p.Objects, all.Bytes+p.Bytes, append(all.Damaged, p.Damaged...)
		if from = p.Next; from == "" {
			break
		}
		fmt.Fprintf(a.err, "%s checked\n", bytesText(all.Bytes))
	}
	err := a.print(all, func() {
		for _, d := range all.Damaged {
			a.printf("%s %s: %s\n", d.Kind, d.ID, d.Reason)
		}
		a.printf("%d objects with %s checked, %d damaged.\n", all.Objects, bytesText(all.Bytes), len(all.Damaged))
	})
	if err == nil && len(all.Damaged) > 0 {
		err = hub.Errorf(hub.Internal, "stored objects are damaged")
	}
	return err
}

func (a *app) storageGC() *cobra.Command {
	return &cobra.Command{
		Use: "gc", Short: "Take away stored bytes that nothing needs any more", Args: args(),
		Long: `Take away stored bytes that nothing needs any more, now instead of at the next round: uploads that were given up,
replaced history, large files that no repository has any more. Bundles of chunks of which more than half is not needed are
written anew without that; the old ones go in a later round. All times of grace hold, so running transfers are not disturbed.

What a repository still refers to is not touched: 'ambit repo gc' lets go of what its history does not need.`,
		Example: "  ambit storage gc --json",
		RunE: func(*cobra.Command, []string) error {
			return a.withHub(false, func(h *connection) error { return a.collectStorage(h) })
		},
	}
}

func (a *app) collectStorage(h *connection) error {
	var all operatorapi.StorageCollected
	for more := true; more; {
		var n operatorapi.StorageCollected
		if err := h.Do(a.ctx, operatorapi.StorageGC, operatorapi.Empty{}, &n); err != nil {
			return err
		}
		all.Uploads, all.Packs, all.Whole = all.Uploads+n.Uploads, all.Packs+n.Packs, all.Whole+n.Whole
		all.Registrations, all.Chunked, all.Xorbs = all.Registrations+n.Registrations, all.Chunked+n.Chunked, all.Xorbs+n.Xorbs
		all.Looked, all.Rewritten, all.Freed = all.Looked+n.Looked, all.Rewritten+n.Rewritten, all.Freed+n.Freed
		if more = n.More; more {
			fmt.Fprintf(a.err, "%d bundles of chunks looked at\n", all.Looked)
		}
	}
	return a.print(all, func() {
		a.printf("Deleted: %d uploads, %d packs, %d large files in one piece, %d as chunks, %d registrations, %d bundles of chunks.\n",
			all.Uploads, all.Packs, all.Whole, all.Chunked, all.Registrations, all.Xorbs)
		a.printf("Looked at %d bundles of chunks; %d were written anew, %s smaller.\n", all.Looked, all.Rewritten, bytesText(all.Freed))
	})
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, i := float64(n)/unit, 0
	for v >= unit && i < 4 {
		v, i = v/unit, i+1
	}
	return fmt.Sprintf("%.1f %s", v, []string{"KiB", "MiB", "GiB", "TiB", "PiB"}[i])
}
