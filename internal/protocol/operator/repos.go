package operator

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/housekeeping"
	"github.com/ambit-hub/ambit/internal/store/gitrepo"
)

// longCall is a call that tells how far it is.
type longCall func(context.Context, access.Grant, *json.Decoder, gitrepo.Progress) (any, error)

// AddRepos adds the calls about keeping repositories. To be called before the handler serves.
func (h *Handler) AddRepos(s *housekeeping.Service) {
	h.long = map[operatorapi.Call]longCall{
		operatorapi.RepoVerify: long(func(ctx context.Context, g access.Grant, q operatorapi.RepoJob, id hub.RepoID, p gitrepo.Progress) (operatorapi.Verified, error) {
			v, err := s.Verify(ctx, g, id, !q.Quick, p)
			out := operatorapi.Verified{Packs: v.Packs, Objects: v.Objects, Refs: v.Refs, Reachable: v.Reachable, LargeFiles: v.LargeFiles, Bytes: v.Bytes, Problems: []operatorapi.Problem{}}
			for _, x := range v.Problems {
				out.Problems = append(out.Problems, operatorapi.Problem(x))
			}
			return out, err
		}),
		operatorapi.RepoRepack: long(func(ctx context.Context, g access.Grant, _ operatorapi.RepoJob, id hub.RepoID, p gitrepo.Progress) (operatorapi.Kept, error) {
			k, err := s.Repack(ctx, g, id, p)
			return operatorapi.Kept(k), err
		}),
		operatorapi.RepoGC: long(func(ctx context.Context, g access.Grant, q operatorapi.RepoJob, id hub.RepoID, p gitrepo.Progress) (operatorapi.Kept, error) {
			k, err := s.GC(ctx, g, id, q.Now, p)
			return operatorapi.Kept(k), err
		}),
		operatorapi.RepoExport: long(func(ctx context.Context, g access.Grant, q operatorapi.RepoJob, id hub.RepoID, p gitrepo.Progress) (operatorapi.Exported, error) {
			e, err := s.Export(ctx, g, id, q.Dir, q.Large, p)
			return operatorapi.Exported(e), err
		}),
		operatorapi.RepoImportCall: long(func(ctx context.Context, g access.Grant, q operatorapi.RepoImport, id hub.RepoID, p gitrepo.Progress) (operatorapi.Imported, error) {
			im, err := s.Import(ctx, g, housekeeping.ImportRequest{From: q.From, To: id, As: q.As, Visibility: q.Visibility, SDK: q.SDK}, p)
			return operatorapi.Imported(im), err
		}),
	}
}

type named interface {
	operatorapi.RepoJob | operatorapi.RepoImport
}

func long[A named, R any](f func(context.Context, access.Grant, A, hub.RepoID, gitrepo.Progress) (R, error)) longCall {
	return func(ctx context.Context, g access.Grant, d *json.Decoder, p gitrepo.Progress) (any, error) {
		return call(func(ctx context.Context, g access.Grant, a A) (R, error) {
			var none R
			t, name := operatorapi.RepoJob{}, ""
			switch q := any(a).(type) {
			case operatorapi.RepoJob:
				t.Type, name = q.Type, q.Name
			case operatorapi.RepoImport:
				t.Type, name = q.Type, q.Name
			}
			kind, err := hub.ParseRepoType(string(t.Type))
			if err != nil {
				return none, err
			}
			id, err := hub.ParseRepoID(kind, name)
			if kind == hub.Model && (err != nil || strings.Contains(name, ":")) { // the type may stand in the name
				id, err = parseRepo(name)
			}
			if err != nil {
				return none, err
			}
			out, err := f(ctx, g, a, id, p)
			if hub.Is(err, hub.RepoNotFound) {
				err = hub.Wrap(err, hub.RepoNotFound, "There is no %s called %s.", id.Type, id.FullName())
			}
			return out, err
		})(ctx, g, d)
	}
}

// progressEvery is the least time between two lines about progress.
const progressEvery = 100 * time.Millisecond

// stream answers a long call: lines about progress, then one with the result.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, name operatorapi.Call, f longCall) {
	g, err := h.authorizer.Authorize(r.Context(), access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	// Work takes longer than a request usually may; it ends when the command does.
	http.NewResponseController(w).SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "application/x-ndjson")
	var mu sync.Mutex // guards w and last
	var last time.Time
	write := func(l operatorapi.Line) {
		json.NewEncoder(w).Encode(l)
		http.NewResponseController(w).Flush()
	}
	tell := func(stage string, done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(last) >= progressEvery {
			last = now
			write(operatorapi.Line{Progress: &operatorapi.Progress{Stage: stage, Done: done, Total: total}})
		}
	}
	var result any
	if err == nil {
		result, err = f(r.Context(), g, json.NewDecoder(http.MaxBytesReader(w, r.Body, operatorapi.MaxBody)), tell)
	}
	h.logCall(r.Context(), name, err)
	mu.Lock()
	defer mu.Unlock()
	if err != nil {
		x := failure(err)
		write(operatorapi.Line{Failure: &x})
		return
	}
	write(operatorapi.Line{Result: result})
}

// failure is what the command is told of an error.
func failure(err error) operatorapi.Failure {
	var e *hub.Error
	if errors.As(err, &e) && e.Code != hub.Internal {
		return operatorapi.Failure{Code: e.Code, Message: e.Message}
	}
	return operatorapi.Failure{Code: hub.Internal, Message: "Something went wrong; the hub's log says what."}
}
