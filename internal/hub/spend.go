package hub

import "encoding/json"

// SpendLimits is what a resource group may spend in a calendar month, in all and on single products, as compact JSON: the
// form of the Hub's API, of which only the names total, inferenceProviders, spaces, jobs and endpoints are public. Empty: no
// limit. The stricter limit counts wherever something has a price.
type SpendLimits string

// Bounds of spend limits.
const (
	maxSpendBytes  = 4096
	maxSpendDepth  = 3
	maxSpendValues = 50
	maxSpendText   = 40 // bytes of a name, or of a value such as a currency
	maxSpend       = 1e15
)

// ParseSpendLimits reads limits as they were sent. null, and an object in which everything is null, is no limit.
// InvalidInput for what is no object of amounts.
func ParseSpendLimits(text []byte) (SpendLimits, error) {
	if len(text) > maxSpendBytes {
		return "", Errorf(InvalidInput, "The spend limits are longer than %d bytes.", maxSpendBytes)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return "", Wrap(err, InvalidInput, "The spend limits are not valid JSON.")
	}
	if v == nil {
		return "", nil
	}
	if _, ok := v.(map[string]any); !ok {
		return "", Errorf(InvalidInput, "The spend limits are an object of amounts, or null for no limit.")
	}
	c := spendCheck{}
	if err := c.look(v, 0); err != nil || !c.limits {
		return "", err
	}
	out, err := json.Marshal(v) // what was checked, and not a second value of the same name
	return SpendLimits(out), err
}

type spendCheck struct {
	values int
	limits bool // there is an amount
}

func (c *spendCheck) look(v any, depth int) error {
	if c.values++; c.values > maxSpendValues || depth > maxSpendDepth {
		return Errorf(InvalidInput, "The spend limits hold more than %d values, or lie deeper than %d levels.", maxSpendValues, maxSpendDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if len(name) > maxSpendText {
				return Errorf(InvalidInput, "A name in the spend limits is longer than %d bytes.", maxSpendText)
			}
			if err := c.look(x, depth+1); err != nil {
				return err
			}
		}
	case float64:
		if c.limits = true; v < 0 || v > maxSpend {
			return Errorf(InvalidInput, "A spend limit is an amount from 0 to %.0f, or null for no limit.", maxSpend)
		}
	case string:
		if len(v) > maxSpendText {
			return Errorf(InvalidInput, "A text in the spend limits is longer than %d bytes.", maxSpendText)
		}
	case []any:
		return Errorf(InvalidInput, "The spend limits are an object of amounts, or null for no limit.")
	}
	return nil
}
