package resolve

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/ambit-hub/ambit/internal/format/xethash"
	"github.com/ambit-hub/ambit/internal/protocol/httpd"
	"github.com/ambit-hub/ambit/internal/service/transfer"
	"github.com/ambit-hub/ambit/internal/service/xet"
)

// fileInfo is the media type by which the JavaScript client asks how to fetch a file rather than for its bytes.
// Source: @huggingface/hub src/lib/file-download-info.ts.
const fileInfo = "application/vnd.xet-fileinfo+json"

// setChunks tells how to fetch the file by Xet: its hash, where to get a token, and where the store has it.
// Source: huggingface_hub utils/_xet.py, parse_xet_file_data_from_response.
func setChunks(h http.Header, r *httpd.Request, f *transfer.File) {
	hash := xethash.Hash(f.Xet.Hash).String()
	token := r.BaseURL + f.Repo.APIPath() + "/xet-read-token/" + f.Commit.String()
	h.Set("X-Xet-Hash", hash)
	h.Set("X-Xet-Refresh-Route", token)
	h.Set("Link", fmt.Sprintf(`<%s>; rel="xet-auth", <%s%s/v1/reconstructions/%s>; rel="xet-reconstruction-info"`,
		token, r.BaseURL, xet.BasePath+string(f.Repo.NamespaceID), hash))
}

func wantsChunks(r *httpd.Request) bool { return strings.Contains(r.Header.Get("Accept"), fileInfo) }

func writeChunks(w http.ResponseWriter, f *transfer.File, q request) error {
	h := w.Header()
	setHeaders(h, f, q)
	h.Set("Content-Type", fileInfo)
	h.Set("Vary", h.Get("Vary")+", Accept")
	w.WriteHeader(http.StatusOK)
	_, err := fmt.Fprintf(w, `{"hash":%q}`, xethash.Hash(f.Xet.Hash).String())
	return err
}
