// Package operator serves the operator's commands over the Unix socket in the data folder. Who may open the socket is
// the operator: its file permissions are the credential. Messages: internal/format/operatorapi.
package operator

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/service/accounts"
	"github.com/ambit-hub/ambit/internal/service/storage"
	"github.com/ambit-hub/ambit/internal/service/tokens"
)

// Authorizer decides.
type Authorizer interface {
	Authorize(ctx context.Context, s *access.Subject, needs ...access.Need) (access.Grant, error)
}

// Handler answers operator's calls. Safe for concurrent use.
type Handler struct {
	accounts   *accounts.Service
	tokens     *tokens.Service
	storage    *storage.Service
	authorizer Authorizer
	about      func() operatorapi.Hub // what is known without the store
	log        *slog.Logger
	calls      map[operatorapi.Call]func(context.Context, access.Grant, *json.Decoder) (any, error)
	long       map[operatorapi.Call]longCall
}

// New makes the handler. about tells the address and the version of the hub.
func New(a *accounts.Service, t *tokens.Service, s *storage.Service, z Authorizer, about func() operatorapi.Hub, log *slog.Logger) *Handler {
	h := &Handler{accounts: a, tokens: t, storage: s, authorizer: z, about: about, log: log}
	h.calls = map[operatorapi.Call]func(context.Context, access.Grant, *json.Decoder) (any, error){
		operatorapi.HubShow:         call(h.hubShow),
		operatorapi.UserCreate:      call(h.userCreate),
		operatorapi.UserList:        call(h.userList),
		operatorapi.UserEdit:        call(h.userEdit),
		operatorapi.UserShow:        call(h.userShow),
		operatorapi.UserSuspend:     call(h.userSuspend),
		operatorapi.UserResume:      call(h.userResume),
		operatorapi.UserDelete:      call(h.userDelete),
		operatorapi.UserSetPassword: call(h.userSetPassword),
		operatorapi.OrgCreate:       call(h.orgCreate),
		operatorapi.OrgList:         call(h.orgList),
		operatorapi.OrgEdit:         call(h.orgEdit),
		operatorapi.OrgShow:         call(h.orgShow),
		operatorapi.OrgDelete:       call(h.orgDelete),
		operatorapi.MemberSet:       call(h.memberSet),
		operatorapi.MemberList:      call(h.memberList),
		operatorapi.MemberRemove:    call(h.memberRemove),
		operatorapi.TokenCreate:     call(h.tokenCreate),
		operatorapi.TokenList:       call(h.tokenList),
		operatorapi.TokenShow:       call(h.tokenShow),
		operatorapi.TokenEdit:       call(h.tokenEdit),
		operatorapi.TokenRotate:     call(h.tokenRotate),
		operatorapi.TokenDelete:     call(h.tokenDelete),
		operatorapi.StorageStats:    call(h.storageStats),
		operatorapi.StorageVerify:   call(h.storageVerify),
		operatorapi.StorageGC:       call(h.storageGC),
	}
	return h
}

// call decodes the argument of f; an unknown field is an error, because both sides are one program.
func call[A, R any](f func(context.Context, access.Grant, A) (R, error)) func(context.Context, access.Grant, *json.Decoder) (any, error) {
	return func(ctx context.Context, g access.Grant, d *json.Decoder) (any, error) {
		var a A
		d.DisallowUnknownFields()
		if err := d.Decode(&a); err != nil {
			return nil, hub.Errorf(hub.InvalidInput, "The request is not what this hub understands: command and hub may be of different versions.")
		}
		return f(ctx, g, a)
	}
}

// ServeHTTP answers one call and logs it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := operatorapi.Call(strings.TrimPrefix(r.URL.Path, "/"))
	if f, ok := h.long[name]; ok && r.Method == http.MethodPost {
		h.stream(w, r, name, f)
		return
	}
	result, err := h.serve(w, r, name)
	status, body := http.StatusOK, result
	if err != nil {
		status, body = http.StatusBadRequest, failure(err)
	}
	h.logCall(r.Context(), name, err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, name operatorapi.Call) (any, error) {
	f, ok := h.calls[name]
	if !ok || r.Method != http.MethodPost {
		return nil, hub.Errorf(hub.NotFound, "There is no such call.")
	}
	g, err := h.authorizer.Authorize(r.Context(), access.Operator(), access.Need{Action: access.InstanceAdmin, Target: access.Hub()})
	if err != nil {
		return nil, err
	}
	return f(r.Context(), g, json.NewDecoder(http.MaxBytesReader(w, r.Body, operatorapi.MaxBody)))
}

func (h *Handler) logCall(ctx context.Context, name operatorapi.Call, err error) {
	if h.calls[name] == nil && h.long[name] == nil {
		name = "unknown"
	}
	attrs := []slog.Attr{slog.String("call", string(name))}
	level := slog.LevelInfo
	if err != nil {
		attrs = append(attrs, slog.String("code", string(hub.CodeOf(err))))
		if hub.Is(err, hub.Internal) {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	}
	h.log.LogAttrs(ctx, level, "operator", attrs...)
}

func (h *Handler) hubShow(ctx context.Context, g access.Grant, _ operatorapi.Empty) (operatorapi.Hub, error) {
	about := h.about()
	var err error
	about.Users, err = h.accounts.CountUsers(ctx, g)
	return about, err
}
