"""The questions people ask in public threads: what the official client raises, and what the sentence in it says.

One case a run: VARS["case"] names the function.
"""

from checklib import ENDPOINT, VARS, contains, equal, raises
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download, login
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

CONSTANT = "Invalid credentials in Authorization header"
api = HfApi()


def push(repo, token, name="try.txt", content=b"x"):
    return HfApi(token=token).upload_file(repo_id=repo, path_or_fileobj=content, path_in_repo=name)


def admin_with_read_token():
    for attempt in (
        lambda: push(VARS["repo"], VARS["token"]),
        lambda: push(VARS["repo"], VARS["token"], "try.bin", b"\x00" * 1000),
        lambda: HfApi(token=VARS["token"]).create_repo(VARS["namespace"] + "/with-a-read-token"),
        lambda: HfApi(token=VARS["token"]).delete_repo(VARS["repo"]),
        lambda: HfApi(token=VARS["token"]).create_branch(VARS["repo"], branch="with-a-read-token"),
        lambda: HfApi(token=VARS["token"]).update_repo_settings(VARS["repo"], private=False),
    ):
        with raises(HfHubHTTPError, 403, ["403 Forbidden", "token", "read"]):
            attempt()
    api.auth_check(VARS["repo"], token=VARS["token"])
    with raises(HfHubHTTPError, 403, "read"):
        api.auth_check(VARS["repo"], token=VARS["token"], write=True)


def reader_with_write_token():
    with raises(HfHubHTTPError, 403, ["403 Forbidden", "role", VARS["namespace"], "read"]):
        push(VARS["repo"], VARS["token"])
    with raises(HfHubHTTPError, 403, ["role", VARS["namespace"]]):
        push(VARS["repo"], VARS["token"], "try.bin", b"\x00" * 1000)
    with raises(HfHubHTTPError, 403, ["role", VARS["namespace"]]):
        HfApi(token=VARS["token"]).create_repo(VARS["namespace"] + "/by-a-reader")


def contributor_writes_only_own():
    mine = VARS["namespace"] + "/of-the-contributor"
    HfApi(token=VARS["token"]).create_repo(mine, private=True)
    push(mine, VARS["token"])
    with raises(HfHubHTTPError, 403, ["role", "contributor"]):
        push(VARS["repo"], VARS["token"])


def scoped_to_another_repository():
    # A private repository outside the scope looks missing; the owner of the token could see it with another one.
    for attempt in (
        lambda: api.model_info(VARS["private"], token=VARS["token"]),
        lambda: hf_hub_download(VARS["private"], ".gitattributes", token=VARS["token"]),
        lambda: push(VARS["private"], VARS["token"]),
    ):
        with raises(RepositoryNotFoundError, 404, code="RepoNotFound"):
            attempt()
    # A public one can be read by everybody; writing needs the scope, and the sentence says so.
    hf_hub_download(VARS["public"], ".gitattributes", token=VARS["token"])
    with raises(HfHubHTTPError, 403, ["token", "repo.write"]):
        push(VARS["public"], VARS["token"])
    push(VARS["scoped"], VARS["token"])


def wrong_type():
    for attempt in (
        lambda: api.dataset_info(VARS["repo"], token=VARS["token"]),
        lambda: hf_hub_download(VARS["repo"], ".gitattributes", repo_type="dataset", token=VARS["token"]),
        lambda: api.list_repo_files(VARS["repo"], repo_type="space", token=VARS["token"]),
    ):
        with raises(RepositoryNotFoundError, 404, code="RepoNotFound"):
            attempt()
    equal(api.repo_exists(VARS["repo"], repo_type="dataset", token=VARS["token"]), False, "repo_exists")


def private_for_a_stranger():
    for repo in (VARS["repo"], VARS["repo"] + "-that-never-was"):
        with raises(RepositoryNotFoundError, 404, "Repository not found", code="RepoNotFound"):
            api.model_info(repo, token=VARS["token"])
        with raises(RepositoryNotFoundError, 404, code="RepoNotFound"):
            hf_hub_download(repo, "config.json", token=VARS["token"])
        with raises(RepositoryNotFoundError, 404, code="RepoNotFound"):
            push(repo, VARS["token"])
        with raises(RepositoryNotFoundError, 401, code="RepoNotFound"):
            api.model_info(repo, token=False)


def organization_token():
    token = "api_org_" + "a" * 34
    with raises(ValueError, says="organization"):
        login(token=token)
    with raises(HfHubHTTPError, 401, "user access token"):
        api.model_info(VARS["repo"], token=token)


def dead_token():
    with raises(HfHubHTTPError, 401, "Invalid user token"):
        api.whoami(token=VARS["token"])
    # Even where no credential would be needed: a script that believes to be somebody must hear that it is not.
    with raises(HfHubHTTPError, 401, CONSTANT):
        api.model_info(VARS["public"], token=VARS["token"])
    with raises(HfHubHTTPError, 401, CONSTANT):
        hf_hub_download(VARS["public"], ".gitattributes", token=VARS["token"])
    with raises(HfHubHTTPError, 401, CONSTANT):
        push(VARS["public"], VARS["token"])
    hf_hub_download(VARS["public"], ".gitattributes", token=False)


def exist_ok_with_a_scoped_token():
    scoped = HfApi(token=VARS["token"])
    url = scoped.create_repo(VARS["repo"], exist_ok=True, private=True)
    equal(str(url), f"{ENDPOINT}/{VARS['repo']}", "the URL")
    scoped.create_commit(
        repo_id=VARS["repo"], operations=[CommitOperationAdd("scoped.txt", b"x")], commit_message="with a scoped token"
    )
    with raises(HfHubHTTPError, 409):
        scoped.create_repo(VARS["repo"], private=True)
    # Nothing of the right to this repository reaches the next one.
    with raises(HfHubHTTPError, 403, VARS["namespace"]):
        scoped.create_repo(VARS["repo"] + "-next", exist_ok=True)


globals()[VARS["case"]]()
