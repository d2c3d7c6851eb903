package config

import (
	"fmt"
	"strings"
)

// fixed is a limit that cannot be set. Const is where it stands: file and name of the constant, which a test compares.
type fixed struct {
	what  string
	value int64
	unit  string // "", "bytes" or "seconds"
	file  string // below internal/
	name  string
}

// fixedLimits are the bounds that clients can meet and that are no settings: of protocols, or such that nobody has met them
// for good reason.
var fixedLimits = []struct {
	group string
	list  []fixed
}{
	{"Requests", []fixed{
		{"`Authorization` header", 4096, "bytes", "access/identity/credential.go", "maxHeader"},
		{"message in `X-Error-Message`, cut there; the body has it whole", 1000, "bytes", "protocol/httpd/errors.go", "maxHeaderText"},
		{"body of a request about tokens", 256 << 10, "bytes", "protocol/hubapi/tokens.go", "maxTokenBody"},
		{"body of a request about organizations, groups, gates and service accounts", 256 << 10, "bytes", "protocol/hubapi/org_route.go", "maxOrgBody"},
		{"body of a sign-in", 16 << 10, "bytes", "protocol/hubapi/session.go", "maxSessionBody"},
		{"body that creates a repository, its first files included", 16 << 20, "bytes", "protocol/hubapi/repos.go", "maxCreateBody"},
		{"body of `preupload`", 8 << 20, "bytes", "protocol/hubapi/uploads.go", "maxProbeBody"},
		{"body of `paths-info`", 8 << 20, "bytes", "protocol/hubapi/repos.go", "maxPathsBody"},
		{"body of `validate-yaml`", 10 << 20, "bytes", "protocol/hubapi/repos.go", "maxValidateBody"},
		{"levels of a line of a commit", 64, "", "format/commitlines/lexer.go", "maxDepth"},
		{"cursor of a page", 1024, "bytes", "store/meta/cursor.go", "maxCursor"},
		{"time for looking up a credential before the answer is 503", 3, "seconds", "access/identity/authenticator.go", "fillTime"},
	}},
	{"Names and texts", []fixed{
		{"name of a user, an organization or a repository", 96, "characters", "hub/name.go", "MaxName"},
		{"full name", 200, "characters", "service/accounts/users.go", "maxFullName"},
		{"mail address", 254, "bytes", "service/accounts/users.go", "maxEmail"},
		{"password", 1024, "characters", "service/accounts/password.go", "maxPassword"},
		{"name of an access token", 100, "characters", "service/tokens/issue.go", "maxName"},
		{"name of an SSH key", 100, "characters", "service/sshkeys/sshkeys.go", "maxName"},
		{"name of a service account", 50, "characters", "service/serviceaccounts/serviceaccounts.go", "maxName"},
		{"description of a service account", 500, "characters", "service/serviceaccounts/serviceaccounts.go", "maxDescription"},
		{"name of a resource group", 200, "characters", "service/groups/groups.go", "maxName"},
		{"description of a resource group", 1000, "characters", "service/groups/groups.go", "maxDescription"},
		{"spend limits of a resource group", 4096, "bytes", "hub/spend.go", "maxSpendBytes"},
		{"reason of a decision about a token", 500, "characters", "service/policies/review.go", "maxReason"},
		{"reason of a decision about a request for access", 200, "characters", "service/gates/decide.go", "maxReason"},
		{"message of a squashed history", 500, "characters", "service/repos/squash.go", "MaxSquashMessage"},
		{"credential to invalidate", 200, "characters", "protocol/hubapi/account_revoke.go", "maxCredentialLength"},
		{"text to look for in the audit log", 1000, "bytes", "service/audit/events.go", "maxQuery"},
		{"condition of a listing", 200, "bytes", "protocol/hubapi/list.go", "maxFilterLength"},
		{"label of a field in a form of a gate", 500, "characters", "format/gateform/gateform.go", "maxLabel"},
		{"answer in a form of a gate", 2000, "characters", "format/gateform/gateform.go", "maxAnswer"},
		{"name of a branch or tag", 200, "bytes", "service/repos/refname.go", "maxRefName"},
		{"path of a file", 4096, "bytes", "store/gitrepo/path.go", "MaxPath"},
		{"segment of a path", 255, "bytes", "store/gitrepo/path.go", "MaxSegment"},
	}},
	{"Counts and depths", []fixed{
		{"folders in folders", 256, "", "store/gitrepo/path.go", "MaxSegments"},
		{"values to invalidate in one request", 1000, "", "protocol/hubapi/account_revoke.go", "maxCredentials"},
		{"people to add to a resource group in one request", 1000, "", "service/groups/groups.go", "maxUsers"},
		{"repositories in one request about a resource group", 1000, "", "service/groups/groups.go", "maxRepos"},
		{"requests for access to decide in one request", 100, "", "service/gates/decide.go", "maxBatch"},
		{"fields of a form of a gate", 50, "", "format/gateform/gateform.go", "MaxFields"},
		{"options of one such field", 300, "", "format/gateform/gateform.go", "MaxOptions"},
		{"service accounts of an organization", 500, "", "service/serviceaccounts/serviceaccounts.go", "maxAccounts"},
		{"live tokens of a service account", 50, "", "service/serviceaccounts/serviceaccounts.go", "maxTokens"},
		{"repositories of a service account's token", 100, "", "service/serviceaccounts/serviceaccounts.go", "maxRepos"},
		{"endpoint patterns of a service account's token", 20, "", "service/serviceaccounts/serviceaccounts.go", "maxPatterns"},
		{"networks of an organization", 256, "", "service/policies/change.go", "maxRanges"},
		{"SSH keys of a user", 100, "", "store/meta/sshkeys.go", "maxKeysOfUser"},
		{"repositories on a page of a listing", 1000, "", "store/meta/listing.go", "MaxListLimit"},
		{"the same with `siblings`, `config` or `safetensors`", 50, "", "protocol/hubapi/list.go", "maxOpenedPage"},
		{"conditions of a listing", 32, "", "protocol/hubapi/list.go", "maxFilters"},
		{"commits on a page", 1000, "", "protocol/hubapi/commits.go", "maxCommitsPage"},
		{"large files on a page", 1000, "", "protocol/hubapi/largefiles.go", "maxLargeFiles"},
		{"file locks on a page", 1000, "", "service/locks/locks.go", "MaxPage"},
		{"entries on a page of a tree", 10_000, "", "store/gitrepo/list.go", "MaxListPage"},
		{"paths of `paths-info`", 2000, "", "protocol/hubapi/tree.go", "maxPathsInfo"},
		{"files of `preupload`", 1000, "", "service/transfer/preupload.go", "MaxProbes"},
		{"files that a repository is created with", 100, "", "service/repos/create.go", "MaxInitialFiles"},
		{"large files of one purge", 1000, "", "service/repos/largefiles.go", "MaxPurge"},
		{"objects of an LFS batch", 1000, "", "service/transfer/lfs.go", "MaxBatch"},
		{"parts of a multipart upload", 5000, "", "service/transfer/multipart.go", "maxParts"},
		{"file locks of a repository", 10_000, "", "store/meta/locks.go", "maxLocksAlive"},
		{"events of one export of the audit log", 100_000, "", "service/audit/events.go", "MaxExport"},
		{"refusals that are kept", 100_000, "", "store/meta/denials.go", "maxDenials"},
		{"levels of a model card's metadata", 64, "", "format/modelcard/decode.go", "maxDepth"},
		{"years that anything may live", 100, "", "service/orgs/orgs.go", "MaxYears"},
	}},
	{"What repositories say of themselves", []fixed{
		{"`README.md` that is read for the card", 4 << 20, "bytes", "service/repos/facts.go", "MaxReadme"},
		{"its front matter", 1 << 20, "bytes", "format/modelcard/frontmatter.go", "MaxFrontMatter"},
		{"tags of a card; more are not shown", 500, "", "format/modelcard/tags.go", "maxTags"},
		{"one of them", 200, "bytes", "format/modelcard/tags.go", "maxTagLen"},
		{"all of them", 16 << 10, "bytes", "format/modelcard/tags.go", "maxTagBytes"},
		{"`config.json` that is shown", 1 << 20, "bytes", "service/repos/facts.go", "maxConfig"},
		{"header of a safetensors file; beyond this and the next two no parameters are shown", 16 << 20, "bytes", "service/repos/safetensors.go", "maxHeader"},
		{"shards of a model", 64, "", "service/repos/safetensors.go", "maxShards"},
		{"tensors of a file", 200_000, "", "service/repos/safetensors.go", "maxTensors"},
		{"file in which access tokens are looked for", 10 << 20, "bytes", "service/leaks/leaks.go", "maxFile"},
		{"large files of one push in which they are looked for", 256 << 20, "bytes", "service/leaks/leaks.go", "maxPush"},
	}},
	{"Git, SSH and Xet", []fixed{
		{"pack of a push", 16 << 30, "bytes", "service/git/git.go", "maxPack"},
		{"the same, unpacked", 256 << 30, "bytes", "service/git/git.go", "maxInflated"},
		{"objects of a push", 4_000_000, "", "service/git/git.go", "maxObjects"},
		{"objects of all large pushes under way", 8_000_000, "", "service/git/git.go", "maxReceived"},
		{"refs that a push changes", 20_000, "", "service/git/git.go", "maxCommands"},
		{"fetches, and pushes, of one user at once", 16, "", "service/git/git.go", "maxOfOne"},
		{"commands of a push", 16 << 20, "bytes", "service/git/commands.go", "maxCommandBytes"},
		{"request of a fetch", 64 << 20, "bytes", "service/git/fetch.go", "maxRequestBytes"},
		{"deltas upon deltas in a pack", 4095, "", "store/gitrepo/pack/pack.go", "MaxDeltaDepth"},
		{"object of git that has to be in memory whole (commits, tags, trees)", 64 << 20, "bytes", "store/gitrepo/pack/pack.go", "MaxWhole"},
		{"command over SSH", 4096, "bytes", "protocol/ssh/command.go", "maxCommand"},
		{"sessions of an SSH connection at once", 10, "", "protocol/ssh/server.go", "maxSessions"},
		{"time for signing in over SSH", 30, "seconds", "protocol/ssh/server.go", "handshakeTimeout"},
		{"time for which one sign-in of git-lfs over SSH is good", 3600, "seconds", "protocol/ssh/command.go", "loginLife"},
		{"bits that an RSA key has at least", 2048, "", "service/sshkeys/sshkeys.go", "minRSA"},
		{"shard of an upload by Xet", 80 << 20, "bytes", "service/xet/shard.go", "maxShardBytes"},
		{"chunks of a xorb", 8 << 10, "", "format/xorb/header.go", "MaxChunks"},
		{"xorb, unpacked", 64 << 20, "bytes", "format/xorb/header.go", "MaxUnpacked"},
		{"xorbs on their way in at once; others wait", 256, "", "service/xet/service.go", "maxUploads"},
		{"shards on their way in at once; others wait", 4, "", "service/xet/service.go", "maxShards"},
		{"files of one question for reconstructions", 100, "", "protocol/xet/download.go", "maxBatch"},
		{"files of one repository made out of another", 10_000, "", "protocol/xet/duplicate.go", "maxDuplicateFiles"},
	}},
	{"Messages", []fixed{
		{"time for handing over a mail", 30, "seconds", "service/outbox/mail.go", "mailTime"},
		{"time for handing over a message to the webhook", 15, "seconds", "service/outbox/webhook.go", "webhookTime"},
	}},
}

// fixedMarkdown is the part of the documentation about limits that cannot be set.
func fixedMarkdown(b *strings.Builder) {
	b.WriteString("\n## Limits that are no settings\n\nEach is a constant of the program. What asks for more is refused, or cut where the table says so, and changes nothing.\n\n| | Limit |\n|---|---|\n")
	for _, g := range fixedLimits {
		fmt.Fprintf(b, "| **%s** | |\n", g.group)
		for _, f := range g.list {
			fmt.Fprintf(b, "| %s | %s |\n", f.what, f.text())
		}
	}
}

func (f fixed) text() string {
	switch {
	case f.unit == "bytes" && f.value >= 1<<30 && f.value%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", f.value>>30)
	case f.unit == "bytes" && f.value >= 1<<20 && f.value%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", f.value>>20)
	case f.unit == "bytes" && f.value >= 1<<10 && f.value%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", f.value>>10)
	case f.unit == "seconds" && f.value >= 60 && f.value%60 == 0:
		return fmt.Sprintf("%d minutes", f.value/60)
	case f.unit == "":
		return fmt.Sprint(f.value)
	}
	return fmt.Sprint(f.value, " ", f.unit)
}
