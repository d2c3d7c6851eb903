package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one small change.
type mutant struct {
	n    int
	file string
	line int
	code string // the line as it is
	what string // what is different
}

func (m *mutant) String() string { return fmt.Sprintf("%s:%d: %s: %s", m.file, m.line, m.code, m.what) }

// row is what docs/access-mutants.md says of a survivor. It has no number of a line, so that it lasts.
func (m *mutant) row() string {
	return fmt.Sprintf("`%s` | `%s` | %s", m.file, strings.ReplaceAll(m.code, "|", `\|`), strings.ReplaceAll(m.what, "|", `\|`))
}

// rewriter wraps pieces of a file in calls of the functions in helpers.txt. It only inserts text and replaces operators,
// so that what is nested stays nested.
type rewriter struct {
	fset    *token.FileSet
	src     []byte
	name    string
	first   int
	mutants []*mutant
	edits   []edit
}

// edit puts text in place of a range. Of two at one place, the one of the lower order comes first.
type edit struct {
	from, to int
	text     string
	order    int
}

// rewrite returns the file with its mutants in it, numbered from first on.
func rewrite(path string, first int) ([]byte, []*mutant, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	r := &rewriter{fset: token.NewFileSet(), src: src, name: filepath.Base(path), first: first}
	f, err := parser.ParseFile(r.fset, path, src, parser.ParseComments)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range f.Decls {
		r.decl(d)
	}
	slices.SortStableFunc(r.edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.order, b.order))
	})
	var out bytes.Buffer
	at := 0
	for _, e := range r.edits {
		out.Write(src[at:e.from])
		out.WriteString(e.text)
		at = e.to
	}
	out.Write(src[at:])
	return out.Bytes(), r.mutants, nil
}

func (r *rewriter) offset(p token.Pos) int { return r.fset.Position(p).Offset }

// add makes a mutant of what is at p and returns its number.
func (r *rewriter) add(p token.Pos, what string) int {
	pos := r.fset.Position(p)
	line, _, _ := bytes.Cut(r.src[pos.Offset-pos.Column+1:], []byte("\n"))
	code, _, _ := strings.Cut(strings.TrimSpace(string(line)), " //")
	m := &mutant{r.first + len(r.mutants), r.name, pos.Line, strings.TrimSpace(code), what}
	r.mutants = append(r.mutants, m)
	return m.n
}

// wrap puts before and after around a node: outer nodes are wrapped first, and their text is outside.
func (r *rewriter) wrap(n ast.Node, before, after string) {
	order := len(r.edits)
	r.edits = append(r.edits,
		edit{r.offset(n.Pos()), r.offset(n.Pos()), before, order},
		edit{r.offset(n.End()), r.offset(n.End()), after, -order})
}

// operator replaces the operator of a binary expression.
func (r *rewriter) operator(e *ast.BinaryExpr, text string) {
	at := r.offset(e.OpPos)
	r.edits = append(r.edits, edit{at, at + len(e.Op.String()), text, 0})
}

func (r *rewriter) text(n ast.Node) string { return string(r.src[r.offset(n.Pos()):r.offset(n.End())]) }

func (r *rewriter) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Body != nil {
			r.block(d.Body.List)
		}
	case *ast.GenDecl:
		if d.Tok == token.CONST {
			if !r.sets(d) {
				return
			}
			at := r.offset(d.TokPos) // sets of bits: the calls need variables
			r.edits = append(r.edits, edit{at, at + len("const"), "var", 0})
		}
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				for _, e := range v.Values {
					r.expr(e)
				}
			}
		}
	}
}

// sets tells whether a declaration is of constants that are unions, none of them counted.
func (r *rewriter) sets(d *ast.GenDecl) bool {
	for _, s := range d.Specs {
		v := s.(*ast.ValueSpec)
		if len(v.Values) != 1 || strings.Contains(r.text(v), "iota") {
			return false
		}
		if b, ok := v.Values[0].(*ast.BinaryExpr); !ok || b.Op != token.OR && b.Op != token.AND_NOT {
			return false
		}
	}
	return true
}
