package config

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
	"time"
)

// TestFixedLimitsAreThose compares each documented limit with the constant that is the limit.
func TestFixedLimitsAreThose(t *testing.T) {
	for _, g := range fixedLimits {
		for _, f := range g.list {
			v, ok := constantOf(t, filepath.Join("..", f.file), f.name)
			want := f.value
			if f.unit == "seconds" {
				want *= int64(time.Second)
			}
			if got, exact := constant.Int64Val(v); !ok || !exact || got != want {
				t.Errorf("%s: %s in %s is %v, documented %d", f.what, f.name, f.file, v, want)
			}
		}
	}
}

// constantOf evaluates a constant of a file, made of numbers, operators and units of time.
func constantOf(t *testing.T, file, name string) (constant.Value, bool) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			for i, n := range s.(*ast.ValueSpec).Names {
				if v := s.(*ast.ValueSpec); n.Name == name && i < len(v.Values) {
					return evaluate(v.Values[i])
				}
			}
		}
	}
	return constant.MakeUnknown(), false
}

var units = map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}

func evaluate(e ast.Expr) (constant.Value, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0), true
	case *ast.ParenExpr:
		return evaluate(e.X)
	case *ast.SelectorExpr:
		d, ok := units[e.Sel.Name]
		return constant.MakeInt64(int64(d)), ok
	case *ast.BinaryExpr:
		x, ok1 := evaluate(e.X)
		y, ok2 := evaluate(e.Y)
		if !ok1 || !ok2 {
			return constant.MakeUnknown(), false
		}
		if e.Op == token.SHL || e.Op == token.SHR {
			n, _ := constant.Uint64Val(y)
			return constant.Shift(x, e.Op, uint(n)), true
		}
		return constant.BinaryOp(x, e.Op, y), true
	}
	return constant.MakeUnknown(), false
}
