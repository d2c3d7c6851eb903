"""Asks the questions of the decision tables with the client's own functions: the class of the exception, its status and its
words have to be those of the row. Deeds that would change the world of other rows are tried only where they are refused."""

from checklib import VARS, equal
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import DisabledRepoError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

CONSTANT = "Invalid credentials in Authorization header"


def words_of(err):
    """The message; whoami wraps that of the hub in one of its own."""
    return f"{err} {err.__cause__ or ''}"


def outcome(err):
    """The outcome that an exception stands for, in the words of the tables."""
    status = err.response.status_code
    if isinstance(err, GatedRepoError):
        return "gated"
    if isinstance(err, RepositoryNotFoundError):
        return "hide"
    if isinstance(err, DisabledRepoError):
        return "disabled"
    if type(err) is not HfHubHTTPError:
        return type(err).__name__
    if status == 401:
        return "dead" if CONSTANT in words_of(err) else "sign-in"
    return {403: "deny", 404: "unknown", 409: "conflict", 501: "allow"}.get(status, str(status))


def commit(api, row):
    api.create_commit(row["name"], [CommitOperationAdd("x.txt", b"x")], commit_message="x", repo_type=row["type"])


def create(api, row):
    api.create_repo(row["name"], repo_type=row["type"], private=row["action"] != "repo.create_public", space_sdk="static" if row["type"] == "space" else None)


def info(api, row):
    got = api.repo_info(row["name"], repo_type=row["type"])
    equal(got.id.lower(), (row["moved"] or row["name"]).lower(), f"{row['at']}: the name")


# What asks for an action, and whether it may be done where it is allowed.
QUESTIONS = {
    "repo.view": [(info, True), (lambda api, r: api.list_repo_refs(r["name"], repo_type=r["type"]), True)],
    "repo.content.read": [(lambda api, r: api.auth_check(r["name"], repo_type=r["type"]), True),
                          (lambda api, r: api.get_hf_file_metadata(url=url(api, r) + "/resolve/main/.gitattributes"), True)],
    "repo.write": [(lambda api, r: api.auth_check(r["name"], repo_type=r["type"], write=True), True), (commit, False),
                   (lambda api, r: api.create_tag(r["name"], tag="law", repo_type=r["type"]), False)],
    "repo.settings": [(lambda api, r: api.update_repo_settings(r["name"], private=True, repo_type=r["type"]), False)],
    "repo.publish": [(lambda api, r: api.update_repo_settings(r["name"], private=False, repo_type=r["type"]), False)],
    "repo.delete": [(lambda api, r: api.delete_repo(r["name"], repo_type=r["type"]), False)],
    "repo.move": [(lambda api, r: api.move_repo(r["name"], r["name"].split("/")[0] + "/renamed", repo_type=r["type"]), False)],
    "repo.create": [(create, False)],
    "repo.create_public": [(create, False)],
    "repo.access.read": [(lambda api, r: list(api.list_pending_access_requests(r["name"], repo_type=r["type"])), True)],
    "repo.access.manage": [(lambda api, r: api.grant_access(r["name"], "nora", repo_type=r["type"]), False)],
    "discussion.write": [(lambda api, r: api.create_discussion(r["name"], "law", repo_type=r["type"]), True)],
    "namespace.list_all": [(lambda api, r: list(api.list_user_repos(r["name"] or None)), True)],
    "org.read": [(lambda api, r: list(api.list_organization_members(r["name"])), True)],
    "self.whoami": [(lambda api, r: api.whoami(), True)],
    "repo.list": [(lambda api, r: list(api.list_models(limit=1)), True)],
    "public": [(lambda api, r: list(api.list_models(limit=1)), True)],
}


def url(api, row):
    prefix = "" if row["type"] == "model" else row["type"] + "s/"
    return f"{api.endpoint}/{prefix}{row['name']}"


asked = 0
for row in VARS["rows"]:
    if not row["token"] and row["action"] == "self.whoami":
        continue  # the client does not even ask
    api = HfApi(token=row["token"] or False, headers={"X-Forwarded-For": row["address"]} if row["address"] else None)
    for ask, harmless in QUESTIONS.get(row["action"], []):
        if row["outcome"] in ("allow", "moved") and not harmless:
            continue
        asked += 1
        try:
            ask(api, row)
            got, text = "allow", ""
        except HfHubHTTPError as err:
            # The probe before an upload may be refused first, in words of its own.
            got, text = outcome(err), words_of(err).replace("Preparing an upload to", "Writing to")
        want = "allow" if row["outcome"] == "moved" else row["outcome"]
        equal(got, want, f"{row['at']}: {row['action']} {row['type']}:{row['name']}: {text}; the outcome")
        if got == "allow":
            continue
        for part in row["says"]:
            words = part.removeprefix("!").lower()  # the client has a sentence of its own for "Repository not found"
            if (words in text.lower()) == part.startswith("!"):
                raise AssertionError(f"{row['at']}: {part!r} is not said by {text!r}")
print(asked, "calls")
