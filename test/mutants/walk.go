package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// block makes mutants of statements: each that changes something is left out once.
func (r *rewriter) block(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				r.leaveOut(s)
			}
		case *ast.ExprStmt, *ast.IncDecStmt:
			r.leaveOut(s)
		}
		r.stmt(s)
	}
}

func (r *rewriter) leaveOut(s ast.Stmt) {
	n := r.add(s.Pos(), "without `"+oneLine(r.text(s))+"`")
	r.wrap(s, fmt.Sprintf("if !mutantIs(%d) { ", n), " }")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (r *rewriter) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Rhs)
	case *ast.ExprStmt:
		r.expr(s.X)
	case *ast.BlockStmt:
		r.block(s.List)
	case *ast.IfStmt:
		if s.Init != nil {
			r.stmt(s.Init)
		}
		r.cond(s.Cond)
		r.block(s.Body.List)
		if s.Else != nil {
			r.stmt(s.Else)
		}
	case *ast.ForStmt:
		if s.Cond != nil {
			r.cond(s.Cond)
		}
		r.block(s.Body.List)
	case *ast.RangeStmt:
		r.block(s.Body.List)
	case *ast.SwitchStmt:
		if s.Init != nil {
			r.stmt(s.Init)
		}
		for _, c := range s.Body.List {
			r.clause(c.(*ast.CaseClause), s.Tag != nil)
		}
	case *ast.ReturnStmt:
		for _, e := range s.Results {
			r.result(e)
		}
	case *ast.DeclStmt:
		r.decl(s.Decl)
	}
}

// clause makes mutants of a case: conditions like any other, values left out.
func (r *rewriter) clause(c *ast.CaseClause, values bool) {
	for _, e := range c.List {
		if !values {
			r.cond(e)
			continue
		}
		n := r.add(e.Pos(), "without case `"+r.text(e)+"`")
		r.wrap(e, fmt.Sprintf("mutantDrop(%d, ", n), ")")
	}
	r.block(c.Body)
}

// cond turns a condition round if nothing in it does.
func (r *rewriter) cond(e ast.Expr) {
	switch x := e.(type) {
	case *ast.BinaryExpr, *ast.UnaryExpr, *ast.ParenExpr:
	default:
		r.negate(x)
	}
	r.expr(e)
}

func (r *rewriter) negate(e ast.Expr) {
	n := r.add(e.Pos(), "not `"+oneLine(r.text(e))+"`")
	r.wrap(e, fmt.Sprintf("mutantNot(%d, ", n), ")")
}

// result makes mutants of what is returned: constants are something else.
func (r *rewriter) result(e ast.Expr) {
	switch x := e.(type) {
	case *ast.Ident:
		if x.Name == "true" || x.Name == "false" {
			r.negate(e)
		} else if strings.HasPrefix(x.Name, "Reason") {
			r.otherText(e)
		}
	case *ast.BasicLit:
		if x.Kind == token.STRING && x.Value != `""` {
			r.otherText(e)
		}
	}
	r.expr(e)
}

func (r *rewriter) otherText(e ast.Expr) {
	n := r.add(e.Pos(), "other text than `"+r.text(e)+"`")
	r.wrap(e, fmt.Sprintf("mutantText(%d, ", n), ")")
}

func (r *rewriter) exprs(list []ast.Expr) {
	for _, e := range list {
		r.expr(e)
	}
}

func (r *rewriter) expr(e ast.Expr) {
	switch x := e.(type) {
	case *ast.BinaryExpr:
		r.binary(x)
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			n := r.add(x.Pos(), "without the ! of `"+oneLine(r.text(x))+"`")
			r.wrap(x, fmt.Sprintf("mutantNot(%d, ", n), ")")
		}
		r.expr(x.X)
	case *ast.ParenExpr:
		r.expr(x.X)
	case *ast.CallExpr:
		if f, ok := x.Fun.(*ast.Ident); ok && (f.Name == "max" || f.Name == "min") && len(x.Args) == 2 {
			n := r.add(x.Pos(), "the other of max and min")
			at := r.offset(f.Pos())
			r.edits = append(r.edits, edit{at, at + 4, fmt.Sprintf("mutant%s(%d, ", strings.ToUpper(f.Name[:1])+f.Name[1:], n), len(r.edits)})
		} else {
			r.expr(x.Fun)
		}
		r.exprs(x.Args)
	case *ast.CompositeLit:
		for _, el := range x.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				el = kv.Value
			}
			r.expr(el)
		}
	case *ast.FuncLit:
		r.block(x.Body.List)
	case *ast.IndexExpr:
		r.expr(x.Index)
	case *ast.StarExpr:
		r.expr(x.X)
	case *ast.SelectorExpr:
		r.expr(x.X)
	}
}

func (r *rewriter) binary(x *ast.BinaryExpr) {
	left, right := oneLine(r.text(x.X)), oneLine(r.text(x.Y))
	switch x.Op {
	case token.LAND, token.LOR:
		other := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}[x.Op]
		n := r.add(x.OpPos, fmt.Sprintf("`%s` for `%s` before `%s`", other, x.Op, right))
		r.add(x.OpPos, fmt.Sprintf("without `%s %s`", x.Op, right))
		r.add(x.OpPos, fmt.Sprintf("without `%s %s`", left, x.Op))
		f := map[token.Token]string{token.LAND: "mutantAnd", token.LOR: "mutantOr"}[x.Op]
		r.wrap(x, fmt.Sprintf("%s(%d, ", f, n), " })")
		r.operator(x, ", func() bool { return ")
	case token.EQL, token.NEQ:
		n := r.add(x.OpPos, fmt.Sprintf("not `%s`", oneLine(r.text(x))))
		r.wrap(x, fmt.Sprintf("mutantNot(%d, ", n), ")")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		n := r.add(x.OpPos, fmt.Sprintf("not `%s`", oneLine(r.text(x))))
		r.add(x.OpPos, fmt.Sprintf("the other of `%s` with and without `=`", oneLine(r.text(x))))
		r.wrap(x, fmt.Sprintf("mutantBound(%d, ", n), fmt.Sprintf(", %s == %s)", left, right))
	case token.OR:
		n := r.add(x.OpPos, fmt.Sprintf("without `| %s`", right))
		if _, nested := x.X.(*ast.BinaryExpr); !nested {
			r.add(x.OpPos, fmt.Sprintf("without `%s |`", left))
		} else {
			r.add(x.OpPos, fmt.Sprintf("`%s` alone", right))
		}
		r.wrap(x, fmt.Sprintf("mutantUnion(%d, ", n), ")")
		r.operator(x, ", ")
	case token.AND_NOT:
		n := r.add(x.OpPos, fmt.Sprintf("without `&^ %s`", right))
		r.wrap(x, fmt.Sprintf("mutantLess(%d, ", n), ")")
		r.operator(x, ", ")
	case token.AND:
		n := r.add(x.OpPos, fmt.Sprintf("without `& %s`", right))
		r.wrap(x, fmt.Sprintf("mutantCut(%d, ", n), ")")
		r.operator(x, ", ")
	}
	r.expr(x.X)
	r.expr(x.Y)
}
