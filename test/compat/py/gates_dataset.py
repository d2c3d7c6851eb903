"""The client's functions for access requests of datasets, with an automatic gate."""

from checklib import VARS, equal, raises
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError
from huggingface_hub.utils import get_session

REPO = VARS["repo"]
owner, asker = HfApi(token=VARS["owner"]), HfApi(token=VARS["asker"])

with raises(GatedRepoError, 403, code="GatedRepo"):
    asker.auth_check(REPO, repo_type="dataset")
r = get_session().post(f"{asker.endpoint}/datasets/{REPO}/ask-access", headers={"authorization": f"Bearer {asker.token}"}, follow_redirects=False)
equal(r.status_code, 303, "the status of asking")
asker.auth_check(REPO, repo_type="dataset")
accepted = list(owner.list_accepted_access_requests(REPO, repo_type="dataset"))
equal([x.username for x in accepted], [VARS["asker_name"]])
owner.reject_access_request(REPO, request_id=accepted[0].request_id, rejection_reason=None, repo_type="dataset")
with raises(GatedRepoError, 403, "rejected", code="GatedRepo"):
    asker.auth_check(REPO, repo_type="dataset")
print("ok")
