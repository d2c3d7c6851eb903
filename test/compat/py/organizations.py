"""Token policies as the official client shows their refusals. One step a run: VARS["case"] names the function."""

from checklib import VARS, contains, equal, raises
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

api = HfApi(token=VARS["token"])


def download(name, path):
    """The client hides a 403 without a code of its own behind a ValueError; what it was made of is its cause."""
    try:
        hf_hub_download(name, path, token=VARS["token"], force_download=True)
    except ValueError as err:
        raise err.__cause__


def works():
    api.model_info(VARS["private"])
    api.auth_check(VARS["private"])
    hf_hub_download(VARS["private"], ".gitattributes", token=VARS["token"], force_download=True)
    org = [o for o in api.whoami(cache=False)["orgs"] if o["name"] == VARS["org"]][0]
    equal(org["securityRestrictions"], [], "securityRestrictions")


def blocked():
    """What the organization does not take is refused with 403, also for names that do not exist; public things stay open."""
    for name in (VARS["private"], VARS["org"] + "/no-such-model"):
        for attempt in (
            lambda: api.model_info(name),
            lambda: api.auth_check(name),
            lambda: download(name, "x"),
            lambda: api.upload_file(repo_id=name, path_or_fileobj=b"x", path_in_repo="x"),
        ):
            with raises(HfHubHTTPError, 403, VARS["says"], code=None):
                attempt()
    api.model_info(VARS["public"])
    hf_hub_download(VARS["public"], ".gitattributes", token=VARS["token"], force_download=True)
    me = api.whoami(cache=False)
    org = [o for o in me["orgs"] if o["name"] == VARS["org"]][0]
    contains(org["securityRestrictions"], VARS["restriction"], "securityRestrictions")


def missing():
    with raises(RepositoryNotFoundError, 404, code="RepoNotFound"):
        api.model_info(VARS["private"])


globals()[VARS["case"]]()
print("ok")
