package modelcard

import (
	"fmt"
	"strings"
)

// licenses are the identifiers that a card's "license" may name, in the order in which the public Hub lists them; for any
// other there is "other" with "license_name" and "license_link".
// Source: hub-docs docs/hub/repositories-licenses.md and @huggingface/hub src/types/public.ts, License; the last
// line is of those that the Hub's form offers since.
const licenses = `apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
	bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0
	cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0
	cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
	cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
	lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr
	deepfloyd-if-license llama2 llama3 llama3.1 llama3.2 llama3.3 gemma apple-ascl apple-amlr unknown other
	llama4 eupl-1.2 intel-research h-research fair-noncommercial-research-license grok2-community open-mdw`

var knownLicenses = strings.Fields(licenses)

// KnownLicense tells whether the public Hub has a license of that name. Case does not matter, as in its tags.
func KnownLicense(name string) bool {
	for _, l := range knownLicenses {
		if strings.EqualFold(l, name) {
			return true
		}
	}
	return false
}

// checkLicense returns "" or what is wrong with the value of "license", one name or several.
func checkLicense(v any) string {
	for _, name := range texts(v) {
		if !KnownLicense(name) {
			return fmt.Sprintf(`"license" must be one of [%s]`, strings.Join(knownLicenses, ", "))
		}
	}
	return ""
}
