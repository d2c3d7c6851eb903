"""Access requests as the official client sees them: lists, decisions, grants, the classes of errors and their words."""

import io
import tempfile

from checklib import VARS, contains, equal, raises
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import BadRequestError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import get_session

REPO = VARS["repo"]
owner, reader, asker = (HfApi(token=VARS[k]) for k in ("owner", "reader", "asker"))


def files_of(api):
    # An empty cache each time: with force_download the client hides what the hub said behind a ValueError.
    return hf_hub_download(REPO, "data.txt", token=api.token, cache_dir=tempfile.mkdtemp())


def ask(api, fields):
    url = f"{api.endpoint}/{'datasets/' if VARS['type'] == 'dataset' else ''}{REPO}/ask-access"
    r = get_session().post(url, headers={"authorization": f"Bearer {api.token}"}, json=fields, follow_redirects=False)
    equal(r.status_code, 303, f"the status of asking ({r.text})")


def names(requests):
    return sorted(r.username for r in requests)


def refused(words):
    with raises(GatedRepoError, 403, ["403", "restricted", "not in the authorized list", *words], code="GatedRepo"):
        files_of(asker)


# The owner gates the repository with a form. The repository was made by the test.
card = b"---\nextra_gated_fields:\n  Company: text\n  I agree: checkbox\n---\n# Form\n"
owner.upload_file(repo_id=REPO, path_or_fileobj=io.BytesIO(card), path_in_repo="README.md")
owner.upload_file(repo_id=REPO, path_or_fileobj=b"secret", path_in_repo="data.txt")
equal(list(owner.list_pending_access_requests(REPO)), [], "the requests of an ungated repository")
for call in (lambda: owner.grant_access(REPO, VARS["asker_name"]), lambda: owner.accept_access_request(REPO, VARS["asker_name"])):
    with raises(BadRequestError, 400, "not gated", code="RepoNotGated"):
        call()
owner.update_repo_settings(REPO, gated="manual")

refused(["ask for access"])
equal(asker.model_info(REPO).gated, "manual", "gated")

ask(asker, {"Company": "Evil Corp.", "I agree": True})
refused(["review"])
pending = list(owner.list_pending_access_requests(REPO))
equal(names(pending), [VARS["asker_name"]])
request = pending[0]
equal(request.status, "pending")
equal(request.fields, {"Company": "Evil Corp.", "I agree": True}, "the answers")
equal(request.email, VARS["asker_email"], "the e-mail of who asked")
equal(request.fullname, VARS["asker_full"], "the full name")
assert request.timestamp.tzinfo is not None

# Who may not: readers, read tokens, strangers.
for api in (reader, HfApi(token=VARS["owner_read"]), asker):
    with raises(HfHubHTTPError, 403):
        list(api.list_pending_access_requests(REPO))
    with raises(HfHubHTTPError, 403):
        api.accept_access_request(REPO, VARS["asker_name"])
    with raises(HfHubHTTPError, 403):
        api.grant_access(REPO, VARS["asker_name"])

owner.accept_access_request(REPO, VARS["asker_name"])
equal(open(files_of(asker), "rb").read(), b"secret")
equal(names(owner.list_accepted_access_requests(REPO)), [VARS["asker_name"]])
with raises(HfHubHTTPError, 404):
    owner.accept_access_request(REPO, VARS["asker_name"])  # it is accepted already
with raises(BadRequestError, 400, "already"):
    owner.grant_access(REPO, VARS["asker_name"])

# By the id of the request, as for repositories that do not share names.
owner.cancel_access_request(REPO, request_id=request.request_id)
equal(names(owner.list_pending_access_requests(REPO)), [VARS["asker_name"]])
refused(["review"])

owner.reject_access_request(REPO, VARS["asker_name"], rejection_reason="Not for us.")
refused(["rejected"])
equal(names(owner.list_rejected_access_requests(REPO)), [VARS["asker_name"]])
ask(asker, {"Company": "Better Corp.", "I agree": True})  # silently stays rejected
equal(names(owner.list_rejected_access_requests(REPO)), [VARS["asker_name"]])
with raises(HfHubHTTPError, 404):
    owner.cancel_access_request(REPO, "nobody-of-this-name")
with raises(HfHubHTTPError, 404):
    owner.accept_access_request(REPO, VARS["other_name"])  # has an account and no request

# Unasked: the client reads the answer as JSON; the e-mail stays unknown.
equal(owner.grant_access(REPO, VARS["other_name"]), {}, "the answer of grant_access")
granted = [r for r in owner.list_accepted_access_requests(REPO) if r.username == VARS["other_name"]]
equal(len(granted), 1)
equal(granted[0].email, None, "the e-mail of who was let in unasked")
equal(granted[0].fields, None, "the answers of who was let in unasked")

# A fine-grained token of an accepted person needs gated reading.
owner.accept_access_request(REPO, VARS["asker_name"])
with raises(GatedRepoError, 403, "token"):
    files_of(HfApi(token=VARS["asker_plain"]))
files_of(HfApi(token=VARS["asker_gated"]))

# What stays hidden is not gated but missing.
with raises(RepositoryNotFoundError, 404):
    list(asker.list_pending_access_requests(VARS["private"]))

# Automatic mode, and the gate going away.
owner.update_repo_settings(REPO, gated="auto")
owner.cancel_access_request(REPO, VARS["asker_name"])  # works in automatic mode too, at once
refused(["review"])
owner.update_repo_settings(REPO, gated=False)
files_of(asker)
print("ok")
