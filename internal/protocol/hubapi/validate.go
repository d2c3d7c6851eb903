package hubapi

import (
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/access"
	"github.com/ambit-hub/ambit/internal/format/modelcard"
	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
)

type note struct {
	Message string `json:"message"`
}

// validateCard checks a README before it is committed. Clients read the body as a JSON object whatever the
// status, except those that ask for plain text.
// Source: huggingface_hub hf_api.py, _validate_yaml; repocard.py, RepoCard.validate.
func (a *API) validateCard(w http.ResponseWriter, r *httpd.Request, _ httpd.Open, _ access.Grant) error {
	var b struct {
		Content  string `json:"content"`
		RepoType string `json:"repoType"`
	}
	if err := r.JSON(&b); err != nil {
		return err
	}
	t, err := hub.ParseRepoType(b.RepoType)
	if err != nil {
		return err
	}
	rep := modelcard.Validate(t, []byte(b.Content))
	status := http.StatusOK
	if len(rep.Errors) > 0 {
		status = http.StatusBadRequest
		w.Header().Set("X-Error-Message", httpd.HeaderText("Invalid metadata in README.md: "+rep.Errors[0]))
	}
	if wantsText(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, err := w.Write([]byte(lines("Error", rep.Errors) + lines("Warning", rep.Warnings)))
		return err
	}
	httpd.WriteJSON(w, status, struct {
		Errors   []note `json:"errors"`
		Warnings []note `json:"warnings"`
	}{notes(rep.Errors), notes(rep.Warnings)})
	return nil
}

func notes(messages []string) []note {
	out := make([]note, len(messages))
	for i, m := range messages {
		out[i].Message = m
	}
	return out
}

// lines lists messages for people. Source: huggingface_hub tests/test_repocard.py, test_validate_repocard.
func lines(kind string, messages []string) string {
	var b strings.Builder
	for _, m := range messages {
		b.WriteString("- " + kind + ": " + m + "\n")
	}
	return b.String()
}

// wantsText tells whether the caller asks for plain text and not also for JSON.
func wantsText(r *httpd.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "text/plain") && !strings.Contains(accept, "json")
}
