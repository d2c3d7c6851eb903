package main

import (
	"context"
	_ "embed"
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

//go:embed policy.rego
var policy string

type opaEngine struct {
	query  rego.PreparedEvalQuery
	inputs []ast.Value
}

// newOPA prepares the query, keeps the data as values of its syntax trees, and parses the inputs before they are asked:
// the cheapest way there is to ask it.
func newOPA(u *universe) (engine, error) {
	data := map[string]any{}
	repos := map[string]repo{}
	for _, r := range u.Repos {
		repos[r.ID] = r
	}
	for name, v := range map[string]any{"subjects": u.Subjects, "repos": repos} {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		var plain any
		if err := json.Unmarshal(b, &plain); err != nil {
			return nil, err
		}
		data[name] = plain
	}
	store := inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true))
	q, err := rego.New(rego.Query("data.ambit.allow"), rego.Module("policy.rego", policy), rego.Store(store)).PrepareForEval(context.Background())
	if err != nil {
		return nil, err
	}
	e := &opaEngine{query: q}
	for _, q := range u.Queries[:agreement] {
		in, err := ast.InterfaceToValue(map[string]any{"subject": q[0], "repo": u.Repos[q[1]].ID, "action": u.Actions[q[2]]})
		if err != nil {
			return nil, err
		}
		e.inputs = append(e.inputs, in)
	}
	return e, nil
}

func (o *opaEngine) name() string { return "OPA 1 (prepared query)" }

// askNumber asks the query of that number.
func (o *opaEngine) askNumber(i int) (bool, error) {
	rs, err := o.query.Eval(context.Background(), rego.EvalParsedInput(o.inputs[i]))
	if err != nil {
		return false, err
	}
	return rs.Allowed(), nil
}
