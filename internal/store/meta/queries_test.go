package meta

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
)

// source type-checks the package's files far enough to know its constants.
func source(t *testing.T) (map[string]string, []*ast.File, *token.FileSet) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	names, err := os.ReadDir(".")
	must(t, err)
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, n.Name(), nil, 0)
		must(t, err)
		files = append(files, f)
	}
	conf := types.Config{Error: func(error) {}, Importer: nothing{}}
	pkg, _ := conf.Check("meta", fset, files, nil) // imports are missing, which constants do not mind
	texts := map[string]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok || !strings.Contains(types.TypeString(c.Type(), nil), "string") {
			continue
		}
		texts[name] = constantString(c)
	}
	return texts, files, fset
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) { return nil, fmt.Errorf("not needed") }

func isQuery(text string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, strings.TrimSpace(word))
}

// TestPrepareEveryQuery prepares each constant query, and a listing of every kind, on both engines at the newest schema.
func TestPrepareEveryQuery(t *testing.T) {
	texts, _, _ := source(t)
	gated := true
	for _, sort := range slices.Collect(func(yield func(hub.RepoSort) bool) {
		for s := range sortColumns {
			if !yield(s) {
				return
			}
		}
	}) {
		text, _, err := listing(hub.RepoQuery{Type: hub.Model, Author: "a", Search: []string{"x", "y"}, Tags: []string{"t"},
			PipelineTag: "p", Gated: &gated, Sort: sort, Limit: 1, Cursor: cursorAfter(sort, hub.Repo{ID: hub.NewID()}).String()})
		must(t, err)
		texts["listing by "+string(sort)] = text
	}
	both(t, func(t *testing.T, db *DB) {
		n := 0
		for name, text := range texts {
			if !isQuery(text) || strings.HasSuffix(name, "Columns") {
				continue
			}
			n++
			s, err := db.pool.PrepareContext(ctx, db.eng.rewritten(text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			s.Close()
		}
		if n < 90 {
			t.Errorf("only %d queries were found", n)
		}
	})
}

// TestQueriesAreConstants makes sure that the test above sees every query: whatever is run is a constant of the
// package, or a variable that ranges over constants.
func TestQueriesAreConstants(t *testing.T) {
	texts, files, fset := source(t)
	at := map[string]int{"exec": 1, "one": 1}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var arg ast.Expr
			switch fun := call.Fun.(type) {
			case *ast.SelectorExpr:
				i, ok := at[fun.Sel.Name]
				if !ok {
					return true
				}
				arg = call.Args[i]
			case *ast.Ident:
				if fun.Name != "collect" {
					return true
				}
				arg = call.Args[3]
			default:
				return true
			}
			id, ok := arg.(*ast.Ident)
			if !ok {
				t.Errorf("%s: the query is not a constant", fset.Position(call.Pos()))
			} else if _, known := texts[id.Name]; !known && id.Name != "text" {
				t.Errorf("%s: the query %s is not a constant", fset.Position(call.Pos()), id.Name)
			}
			return true
		})
	}
}

func constantString(c *types.Const) string { return constant.StringVal(c.Val()) }
