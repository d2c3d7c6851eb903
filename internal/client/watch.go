package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
)

// Watch sends a long call, tells progress of how far it is, and decodes its answer into result. A refusal is a
// *hub.Error.
func (o *Operator) Watch(ctx context.Context, call operatorapi.Call, args, result any, progress func(operatorapi.Progress)) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://hub/"+string(call), bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := o.http.Do(req)
	if err != nil {
		return fmt.Errorf("the hub's operator socket: %w", err)
	}
	defer res.Body.Close()
	bounded := &io.LimitedReader{R: res.Body}
	for in := json.NewDecoder(bounded); ; {
		bounded.N = maxAnswer // for each line: there may be some for days
		var l struct {
			Progress            *operatorapi.Progress
			Result              json.RawMessage
			operatorapi.Failure                      // of a hub that does not know the call
			Failed              *operatorapi.Failure `json:"failure"`
		}
		if err := in.Decode(&l); err != nil {
			return fmt.Errorf("the hub ended before its answer: %w", err)
		}
		switch {
		case l.Failed != nil:
			return &hub.Error{Code: l.Failed.Code, Message: l.Failed.Message}
		case l.Failure.Code != "":
			return &hub.Error{Code: l.Failure.Code, Message: l.Failure.Message}
		case l.Result != nil:
			return json.Unmarshal(l.Result, result)
		case l.Progress != nil:
			progress(*l.Progress)
		}
	}
}
