package cli

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

func (a *app) repo() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "repo",
		Short: "Check repositories, keep them in order, bring them in and out",
		Long: `Check repositories, keep them in order, bring them in and out.

If the hub of the data folder runs, the command talks to it over the socket admin.sock in the folder, and the hub
does the work while it serves. If it does not run, the command opens the folder itself. A repository is named
NAMESPACE/NAME; --type says whether it is a model, a dataset or a space.`,
		Example: `  ambit repo verify acme/bert
  ambit repo import ./bert.git acme/bert
  ambit repo export acme/bert ./bert.git --lfs`,
	})
	a.dataFlags(c)
	a.jsonFlag(c)
	c.AddCommand(a.repoVerify(), a.repoRepack(), a.repoGC(), a.repoExport(), a.repoImport())
	return c
}

func typeFlag(c *cobra.Command, t *string) {
	c.Flags().StringVar(t, "type", "model", "model, dataset or space")
}

// watch is one long call of the operator, shown while it runs.
func watch[R any](a *app, name operatorapi.Call, args any, plain func(R)) (r R, err error) {
	err = a.withHub(false, func(h *connection) error {
		bar := a.newBar()
		err := h.Watch(a.ctx, name, args, &r, bar.show)
		bar.end()
		if err != nil {
			return err
		}
		return a.print(r, func() { plain(r) })
	})
	return r, err
}

func (a *app) repoVerify() *cobra.Command {
	var typ string
	quick := false
	c := &cobra.Command{
		Use: "verify NAMESPACE/NAME", Short: "Read a repository whole and check everything in it", Args: args("NAMESPACE/NAME"),
		Long: `Read a repository whole and check everything in it: every pack has its bytes with the right size and sum, its index is
that of the pack, every object hashes to its id, every ref leads to nothing that is missing, and every large
file that a pointer names is there and hashes to its id. What is wrong is listed; then the exit code is 1.`,
		Example: "  ambit repo verify acme/bert\n  ambit repo verify acme/squad --type dataset --quick",
		RunE: func(_ *cobra.Command, argv []string) error {
			v, err := watch(a, operatorapi.RepoVerify, operatorapi.RepoJob{Type: hub.RepoType(typ), Name: argv[0], Quick: quick}, func(v operatorapi.Verified) {
				for _, p := range v.Problems {
					a.printf("%s: %s\n", p.What, p.Text)
				}
				a.printf("%d packs with %d objects, %d refs that lead to %d of them, %d large files: %s read, %d problems.\n",
					v.Packs, v.Objects, v.Refs, v.Reachable, v.LargeFiles, bytesText(v.Bytes), len(v.Problems))
			})
			if err == nil && len(v.Problems) > 0 {
				err = hub.Errorf(hub.Internal, "the repository is damaged")
			}
			return err
		},
	}
	typeFlag(c, &typ)
	c.Flags().BoolVar(&quick, "quick", false, "compare only the sizes of large files, do not read them")
	return c
}

func (a *app) printKept(k operatorapi.Kept) {
	a.printf("%d objects in use. %d packs with %s became %d with %s.\n", k.Objects, k.PacksBefore, bytesText(k.BytesBefore), k.PacksAfter, bytesText(k.BytesAfter))
	if k.Unreachable > 0 {
		a.printf("%d objects are not in use and are kept until their time is over.\n", k.Unreachable)
	}
	if k.Dropped > 0 || k.LargeFiles > 0 {
		a.printf("%d objects and %d large files are gone.\n", k.Dropped, k.LargeFiles)
	}
}

func (a *app) repoRepack() *cobra.Command {
	var typ string
	c := &cobra.Command{
		Use: "repack NAMESPACE/NAME", Short: "Lay a repository out anew, so that it is small and fast to clone", Args: args("NAMESPACE/NAME"),
		Long: `Lay a repository out anew, so that it is small and fast to clone. The hub does this by itself when enough has changed.
Nothing is dropped.`,
		Example: "  ambit repo repack acme/bert",
		RunE: func(_ *cobra.Command, argv []string) error {
			_, err := watch(a, operatorapi.RepoRepack, operatorapi.RepoJob{Type: hub.RepoType(typ), Name: argv[0]}, a.printKept)
			return err
		},
	}
	typeFlag(c, &typ)
	return c
}

func (a *app) repoGC() *cobra.Command {
	var typ string
	now := false
	c := &cobra.Command{
		Use: "gc NAMESPACE/NAME", Short: "Drop what nothing in a repository leads to any more", Args: args("NAMESPACE/NAME"),
		Long: `Drop what nothing in a repository leads to any more: objects that no branch and no tag has led to for the time of grace
(git.gc_grace), and large files that no pointer names. The hub does this by itself once a day (git.gc_every).

With --now the time of grace is over at once. Use it to get rid of something that must not have been
published; afterwards, large files that somebody has uploaded but not committed yet have to be uploaded again.`,
		Example: "  ambit repo gc acme/bert --now",
		RunE: func(_ *cobra.Command, argv []string) error {
			_, err := watch(a, operatorapi.RepoGC, operatorapi.RepoJob{Type: hub.RepoType(typ), Name: argv[0], Now: now}, a.printKept)
			return err
		},
	}
	typeFlag(c, &typ)
	c.Flags().BoolVar(&now, "now", false, "do not wait for the time of grace")
	return c
}

func (a *app) repoExport() *cobra.Command {
	var typ string
	large := false
	c := &cobra.Command{
		Use: "export NAMESPACE/NAME FOLDER", Short: "Write a repository as a bare git repository", Args: args("NAMESPACE/NAME", "FOLDER"),
		Long: `Write a repository as a bare git repository into a folder that does not exist or is empty. With --lfs large files come
along, where git-lfs keeps them. The files belong to the user as whom the hub runs.`,
		Example: "  ambit repo export acme/bert ./bert.git --lfs",
		RunE: func(_ *cobra.Command, argv []string) error {
			dir, err := filepath.Abs(argv[1])
			if err != nil {
				return err
			}
			_, err = watch(a, operatorapi.RepoExport, operatorapi.RepoJob{Type: hub.RepoType(typ), Name: argv[0], Dir: dir, Large: large}, func(e operatorapi.Exported) {
				a.printf("Wrote %d objects, %d refs and %d large files, %s, to %s.\n", e.Objects, e.Refs, e.LargeFiles, bytesText(e.Bytes), argv[1])
			})
			return err
		},
	}
	typeFlag(c, &typ)
	c.Flags().BoolVar(&large, "lfs", false, "with large files, in lfs/objects")
	return c
}

func (a *app) repoImport() *cobra.Command {
	var typ string
	var q operatorapi.RepoImport
	private, public := false, false
	c := &cobra.Command{
		Use: "import SOURCE NAMESPACE/NAME", Short: "Bring a git repository in, or bring one up to date", Args: args("SOURCE", "NAMESPACE/NAME"),
		Long: `Bring a git repository in: its branches and tags, and large files as far as git-lfs has them there. SOURCE is a folder
on the hub's machine (bare or with a checkout), or an http, https, ssh, git or file URL, or HOST:PATH; for a URL git must be installed on
that machine, and git-lfs for the large files. A repository that does not exist is made. One that exists is brought up
to date: its branches are moved to where they are in SOURCE.

Everything is checked as if it were pushed by the user in whose name it is done: the owner of the namespace, or
--as USER. When SOURCE has no branch main, the branch that its HEAD names becomes main.`,
		Example: `  ambit repo import ./bert.git acme/bert --private
  ambit repo import https://hub.example.org/acme/bert acme/bert --as alice`,
		RunE: func(c *cobra.Command, argv []string) error {
			q.Type, q.From, q.Name = hub.RepoType(typ), argv[0], argv[1]
			switch {
			case private && public:
				return &usageError{c.CommandPath(), "--private and --public exclude each other"}
			case private:
				q.Visibility = hub.Private
			case public:
				q.Visibility = hub.Public
			}
			var err error
			if q.From, err = source(q.From); err != nil {
				return err
			}
			_, err = watch(a, operatorapi.RepoImportCall, q, func(im operatorapi.Imported) {
				verb := "Brought up to date"
				if im.Created {
					verb = "Created"
				}
				a.printf("%s %s: %d refs, %d objects, %d large files.\n", verb, q.Name, im.Refs, im.Objects, im.LargeFiles)
				if im.Missing > 0 {
					a.printf("%d large files are missing in the source.\n", im.Missing)
				}
				for _, r := range im.Refused {
					a.printf("not taken: %s\n", r)
				}
				for _, n := range im.Notes {
					a.printf("note: %s\n", n)
				}
			})
			return err
		},
	}
	typeFlag(c, &typ)
	c.Flags().StringVar(&q.As, "as", "", "user in whose name it is done (default: the owner of the namespace)")
	c.Flags().BoolVar(&private, "private", false, "make a new repository private")
	c.Flags().BoolVar(&public, "public", false, "make a new repository public")
	c.Flags().StringVar(&q.SDK, "sdk", "", "of a new space: gradio, docker or static")
	return c
}

// source returns where to import from as the hub takes it: a URL, or a folder's whole path. Like git, it takes file:// for a
// folder, and HOST:PATH for ssh unless there is such a folder.
func source(from string) (string, error) {
	if u, err := url.Parse(from); err == nil && u.Scheme != "" && u.Host != "" && u.Scheme != "file" {
		return from, nil
	}
	if path, ok := strings.CutPrefix(from, "file://"); ok {
		return filepath.Abs(strings.TrimPrefix(path, "localhost"))
	}
	_, err := os.Stat(from)
	if host, path, ok := strings.Cut(from, ":"); ok && err != nil && host != "" && path != "" && !strings.Contains(host, "/") {
		return "ssh://" + host + "/" + strings.TrimPrefix(path, "/"), nil
	}
	return filepath.Abs(from)
}
