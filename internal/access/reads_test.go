package access

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What the layers read is found in their source: every place where a function uses the state that it was handed is a
// flag, a field, or a call of another function, which is looked at in turn. Anything else is an error here, so that nothing
// is overlooked. That is why tables over the fields of the layers hold the rules whole.

// source is this package as the compiler sees it, tests left out.
type source struct {
	fset  *token.FileSet
	info  *types.Info
	funcs map[types.Object]*ast.FuncDecl
	named map[string]*ast.FuncDecl
}

// none imports nothing: other packages have no part in states.
type none struct{}

func (none) Import(string) (*types.Package, error) { return nil, errors.New("not imported") }

func readSource(t *testing.T) *source {
	t.Helper()
	src := &source{
		fset: token.NewFileSet(), funcs: map[types.Object]*ast.FuncDecl{}, named: map[string]*ast.FuncDecl{},
		info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}},
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(src.fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: none{}, Error: func(error) {}} // of what is not imported
	conf.Check("access", src.fset, files, src.info)
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				src.funcs[src.info.Defs[fn.Name]], src.named[fn.Name.Name] = fn, fn
			}
		}
	}
	return src
}

// settings are the values of parameters, where these are known.
type settings map[types.Object]State

// value is a constant, or a parameter with a known value.
func (src *source) value(e ast.Expr, known settings) (State, bool) {
	if v := src.info.Types[e].Value; v != nil {
		n, ok := constant.Uint64Val(constant.ToInt(v))
		return State(n), ok
	}
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		v, ok := known[src.info.Uses[id]]
		return v, ok
	}
	return 0, false
}

// reads returns the bits of the state that a piece of code reads. It panics where that cannot be told.
func (src *source) reads(code ast.Node, state types.Object, known settings) (bits State) {
	var path []ast.Node // from code to the node at hand, parentheses left out
	ast.Inspect(code, func(n ast.Node) bool {
		if n == nil {
			path = path[:len(path)-1]
			return true
		}
		if id, ok := n.(*ast.Ident); ok && src.info.Uses[id] == state {
			bits |= src.use(id, slices.DeleteFunc(slices.Clone(path), func(n ast.Node) bool { _, ok := n.(*ast.ParenExpr); return ok }), known)
		}
		path = append(path, n)
		return true
	})
	return bits
}

// use returns what is read of the state in one place.
func (src *source) use(id *ast.Ident, path []ast.Node, known settings) State {
	up := func(i int) ast.Node { return path[len(path)-i] }
	switch p := up(1).(type) {
	case *ast.SelectorExpr: // a method of it
		if call, ok := up(2).(*ast.CallExpr); ok && call.Fun == p {
			fn := src.funcs[src.info.Uses[p.Sel]]
			return src.call(fn, src.info.Defs[fn.Recv.List[0].Names[0]], call.Args, known)
		}
	case *ast.CallExpr: // an argument
		if f, ok := p.Fun.(*ast.Ident); ok && src.funcs[src.info.Uses[f]] != nil {
			fn := src.funcs[src.info.Uses[f]]
			for i, param := range src.params(fn) {
				if p.Args[i] == id {
					return src.call(fn, param, p.Args, known)
				}
			}
		}
	case *ast.BinaryExpr:
		other := p.Y
		if p.X != id {
			other = p.X
		}
		v, ok := src.value(other, known)
		if ok && p.Op == token.AND {
			return v
		}
		if cut, is := up(2).(*ast.BinaryExpr); is && ok && p.Op == token.SHR && p.X == id && cut.Op == token.AND && cut.X == p {
			if mask, ok := src.value(cut.Y, known); ok {
				return mask << v
			}
		}
	}
	panic(fmt.Sprintf("%s: what is read of %s here is not clear", src.fset.Position(id.Pos()), id.Name))
}

func (src *source) params(fn *ast.FuncDecl) (all []types.Object) {
	for _, f := range fn.Type.Params.List {
		for _, name := range f.Names {
			all = append(all, src.info.Defs[name])
		}
	}
	return all
}

// call returns what a function reads of the state that is its parameter.
func (src *source) call(fn *ast.FuncDecl, state types.Object, args []ast.Expr, known settings) State {
	inside := settings{}
	for i, param := range src.params(fn) {
		if v, ok := src.value(args[i], known); ok {
			inside[param] = v
		}
	}
	return src.reads(fn.Body, state, inside)
}

// layer returns what a layer reads, which is called with the state and perhaps with the relation that counts.
func (src *source) layer(name string) State {
	fn := src.named[name]
	params := src.params(fn)
	bits := src.reads(fn.Body, params[0], nil)
	if len(params) > 1 {
		effective := src.named["effective"]
		bits |= src.reads(effective.Body, src.info.Defs[effective.Recv.List[0].Names[0]], nil)
	}
	return bits
}

// TestLayersReadTheirFields: what a layer says depends on its fields alone, and on all of them.
func TestLayersReadTheirFields(t *testing.T) {
	src := readSource(t)
	for i, name := range []string{"decideSubject", "decideRole", "decideGate", "decideToken", "decidePolicy"} {
		var fields State
		for _, f := range layerFields[i].fields {
			fields |= f.mask()
		}
		if got := src.layer(name); got != fields {
			t.Errorf("%s reads %#x, and its fields are %#x", name, got, fields)
		}
	}
}

// TestAllowedIsDecide: the short way to the answer, which does not keep the layers, asks the same as the long one.
func TestAllowedIsDecide(t *testing.T) {
	src := readSource(t)
	calls := func(name string) (all []string, before string) {
		body := src.named[name].Body.List
		ast.Inspect(body[1], func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				all = append(all, types.ExprString(c))
				return false
			}
			return true
		})
		return all, types.ExprString(body[0].(*ast.AssignStmt).Rhs[0])
	}
	long, first := calls("decide")
	short, also := calls("allowed")
	if len(long) != len(layerFields) || !slices.Equal(long, short) || first != also {
		t.Errorf("decide asks %v, and allowed %v", long, short)
	}
}
