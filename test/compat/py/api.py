"""The everyday calls of HfApi that the bigger scenarios do not touch, on a repository made for it."""

import io

from checklib import ENDPOINT, VARS, Requests, contains, equal, raises
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    ModelCard,
    hf_hub_download,
)
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)

repo, ns = VARS["repo"], VARS["namespace"]
api = HfApi(token=VARS["token"])


def whoami():
    who = api.whoami()
    equal(who["name"], VARS["user"], "name")
    equal(who["type"], "user", "type")
    equal({o["name"]: o["roleInOrg"] for o in who["orgs"]}, {ns: VARS["role"]}, "organizations and roles")
    equal(who["auth"]["accessToken"]["role"], "write", "role of the token")
    fine = api.whoami(token=VARS["fine"])["auth"]["accessToken"]
    equal(fine["role"], "fineGrained", "role of the fine-grained token")
    scoped = fine["fineGrained"]["scoped"]
    equal([(s["entity"]["type"], s["entity"]["name"]) for s in scoped], [("org", ns)], "scoped entities")
    equal(sorted(scoped[0]["permissions"]), ["repo.content.read", "repo.write"], "scoped permissions")
    equal(fine["fineGrained"]["global"], ["discussion.write"], "global permissions")
    equal(fine["fineGrained"]["canReadGatedRepos"], True, "canReadGatedRepos")


def create():
    url = api.create_repo(repo, private=True)
    equal((str(url), url.repo_id, url.repo_type), (f"{ENDPOINT}/{repo}", repo, "model"), "the URL")
    equal(api.list_repo_files(repo), [".gitattributes"], "files of a new repository")
    equal([c.title for c in api.list_repo_commits(repo)], ["initial commit"], "commits of a new repository")
    with raises(HfHubHTTPError, 409):
        api.create_repo(repo.upper().replace(ns.upper(), ns), private=True)
    equal(api.create_repo(repo, exist_ok=True).repo_id, repo, "exist_ok")
    with raises(HfHubHTTPError, 403, "nobody-here"):
        api.create_repo("nobody-here/anything")
    space = api.create_repo(repo, repo_type="space", space_sdk="gradio", private=True)
    equal(space.repo_type, "space", "type")
    equal(api.space_info(repo).sdk, "gradio", "sdk")


def commit():
    first = api.create_commit(
        repo_id=repo, commit_message="three files", commit_description="and why",
        operations=[
            CommitOperationAdd("README.md", b"---\nlicense: mit\nlibrary_name: numpy\ntags: [alpha, beta]\ndatasets: [x/y]\n---\n# card\n"),
            CommitOperationAdd("data/text.txt", b"some text\n"),
            CommitOperationAdd("data/blob.bin", io.BytesIO(bytes(range(256)) * 100)),
        ],
    )
    equal(first.commit_url, f"{ENDPOINT}/{repo}/commit/{first.oid}", "commit_url")
    newest = api.list_repo_commits(repo)[0]
    equal((newest.commit_id, newest.title, newest.message, newest.authors), (first.oid, "three files", "and why", [VARS["user"]]), "the commit")
    with raises(HfHubHTTPError, 412, "The branch was updated since you opened this page"):
        api.create_commit(
            repo_id=repo, commit_message="late", parent_commit=api.list_repo_commits(repo)[-1].commit_id,
            operations=[CommitOperationAdd("late.txt", b"x")],
        )
    second = api.create_commit(
        repo_id=repo, commit_message="copy and delete", parent_commit=first.oid[:10],
        operations=[
            CommitOperationCopy("data/text.txt", "copy.txt"),
            CommitOperationCopy("data/blob.bin", "copy.bin"),
            CommitOperationAdd("folder/a", b"a"),
            CommitOperationAdd("folder/b/c", b"c"),
            CommitOperationDelete("data/text.txt"),
        ],
    )
    equal(sorted(api.list_repo_files(repo)), [".gitattributes", "README.md", "copy.bin", "copy.txt", "data/blob.bin", "folder/a", "folder/b/c"], "files")
    api.delete_folder("folder", repo)
    equal(api.file_exists(repo, "folder/a"), False, "a file of the deleted folder")
    with raises(RemoteEntryNotFoundError, 404, "A file with this name doesn't exist"):
        api.delete_file("folder/a", repo)
    equal(api.file_exists(repo, "folder/a", revision=second.oid), True, "the same file one commit earlier")
    same = api.upload_file(repo_id=repo, path_or_fileobj=b"some text\n", path_in_repo="copy.txt")
    equal(same.oid, api.model_info(repo).sha, "an upload without a change")
    with raises(ValueError, says="Invalid metadata in README.md"):
        api.upload_file(repo_id=repo, path_or_fileobj=b"---\nlicense: [unclosed\n---\n", path_in_repo="README.md")
    with raises(HfHubHTTPError, 501, "no discussions and pull requests"):
        api.create_commit(repo_id=repo, commit_message="a request", create_pr=True, operations=[CommitOperationAdd("pr.txt", b"x")])
    # Case does not matter when looking a repository up.
    api.upload_file(repo_id=repo.lower(), path_or_fileobj=b"y", path_in_repo="case.txt")


def read():
    info = api.model_info(repo, files_metadata=True)
    equal((info.id, info.author, info.private, info.gated, info.library_name), (repo, ns, True, False, "numpy"), "info")
    equal({"alpha", "beta", "license:mit", "dataset:x/y"} <= set(info.tags), True, f"tags {info.tags}")
    equal(info.card_data.license, "mit", "card_data")
    files = {s.rfilename: s for s in info.siblings}
    blob = files["data/blob.bin"]
    equal((blob.size, blob.lfs.size), (25600, 25600), "sizes of a large file")
    equal(files["copy.bin"].lfs.sha256, blob.lfs.sha256, "the digest of a copied large file")
    few = api.model_info(repo, expand=["sha", "createdAt", "tags", "downloads", "likes", "siblings", "usedStorage", "lastModified"])
    equal((few.sha, few.author), (info.sha, None), "expanded info")
    with raises(BadRequestError, 400, "expand"):
        api.model_info(repo, expand=["noSuchField"])
    with raises(RevisionNotFoundError, 404, code="RevisionNotFound"):
        api.model_info(repo, revision="nope")
    for revision in (info.sha, info.sha[:7], "main", "refs/heads/main"):
        equal(api.model_info(repo, revision=revision).sha, info.sha, f"sha at {revision}")

    tree = {e.path: e for e in api.list_repo_tree(repo, recursive=True, expand=True)}
    equal(tree["data"].__class__.__name__, "RepoFolder", "class of a folder")
    equal(tree["data"].last_commit.title, "copy and delete", "last commit of a folder")
    equal(tree["data/blob.bin"].last_commit.title, "three files", "last commit of a file")
    equal([e.path for e in api.list_repo_tree(repo, "data")], ["data/blob.bin"], "a folder")
    with raises(RemoteEntryNotFoundError, 404, code="EntryNotFound"):
        list(api.list_repo_tree(repo, "README.md"))
    with raises(RemoteEntryNotFoundError, 404, code="EntryNotFound"):
        list(api.list_repo_tree(repo, "absent"))
    paths = api.get_paths_info(repo, ["data", "README.md", "absent", "data/blob.bin"])
    equal([p.path for p in paths], ["data", "README.md", "data/blob.bin"], "paths-info")

    with raises(RemoteEntryNotFoundError, 404, "Entry Not Found", code="EntryNotFound"):
        hf_hub_download(repo, "absent.txt", token=VARS["token"])
    with raises(RevisionNotFoundError, 404):
        hf_hub_download(repo, "README.md", revision="nope", token=VARS["token"])
    equal(ModelCard.load(repo, token=VARS["token"]).data.license, "mit", "the card")

    fs = HfFileSystem(token=VARS["token"])
    equal(sorted(p.removeprefix(repo + "/") for p in fs.glob(f"{repo}/**/*.bin")), ["copy.bin", "data/blob.bin"], "glob")
    with Requests() as wire, fs.open(f"{repo}/data/blob.bin", block_size=1000) as f:
        f.seek(20_000)
        equal(f.read(3), bytes(range(256))[20_000 % 256 :][:3], "bytes in the middle")
    contains(str([r for r in wire.seen if r[3] == 206]), "bytes=20000-", "ranged requests")
    with fs.open(f"{repo}/written.txt", "w") as f:
        f.write("by fsspec")
    equal(fs.read_text(f"{repo}/written.txt"), "by fsspec", "what was written")


def refs():
    head = api.model_info(repo).sha
    api.create_branch(repo, branch="feature/one", revision=head)
    with raises(HfHubHTTPError, 409, "Reference refs/heads/feature/one already exists"):
        api.create_branch(repo, branch="feature/one")
    api.create_branch(repo, branch="feature/one", exist_ok=True)
    with raises(BadRequestError, 400, "Invalid reference for a branch"):
        api.create_branch(repo, branch="refs/pr/1")
    api.create_tag(repo, tag="v1", tag_message="one", revision=head[:8])
    with raises(HfHubHTTPError, 409):
        api.create_tag(repo, tag="v1")
    with raises(RevisionNotFoundError, 404):
        api.create_tag(repo, tag="v2", revision="nope")
    api.upload_file(repo_id=repo, path_or_fileobj=b"1", path_in_repo="only.txt", revision="feature/one")
    equal(api.file_exists(repo, "only.txt"), False, "the file on main")
    hf_hub_download(repo, "only.txt", revision="feature/one", token=VARS["token"])
    found = api.list_repo_refs(repo, include_pull_requests=True)
    equal(sorted(b.name for b in found.branches), ["feature/one", "main"], "branches")
    equal([(t.name, t.ref) for t in found.tags], [("v1", "refs/tags/v1")], "tags")
    equal(api.model_info(repo, revision="v1").sha, head, "the tagged commit")
    with raises(RevisionNotFoundError, 404):
        api.upload_file(repo_id=repo, path_or_fileobj=b"2", path_in_repo="two.txt", revision="v1")
    with raises(HfHubHTTPError, 403, "Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main")
    api.delete_branch(repo, branch="feature/one")
    with raises(RevisionNotFoundError, 404, "Invalid rev id"):
        api.delete_branch(repo, branch="feature/one")
    api.delete_tag(repo, tag="v1")
    with raises(RevisionNotFoundError, 404):
        api.delete_tag(repo, tag="v1")


def listing():
    names = [f"{ns}/listed-{i}" for i in range(5)]
    for i, name in enumerate(names):
        api.create_repo(name, repo_type="dataset", private=i % 2 == 0)
        card = f"---\nlicense: {'mit' if i < 3 else 'apache-2.0'}\ntags: [batch]\n---\n"
        api.upload_file(repo_id=name, repo_type="dataset", path_or_fileobj=card.encode(), path_in_repo="README.md")

    def listed(token=VARS["token"], **query):
        return [d.id for d in HfApi(token=token).list_datasets(**{"author": ns, "search": "listed-", **query})]

    equal(sorted(listed()), names, "what a member sees")
    equal(sorted(listed(token=False)), names[1::2], "what everybody sees")
    equal(sorted(listed(token=VARS["stranger"])), names[1::2], "what a stranger sees")
    equal(sorted(listed(filter=["license:mit", "batch"])), names[:3], "two tags")
    equal(listed(sort="created_at"), names[::-1], "newest first")
    equal(listed(sort="last_modified", limit=2), names[:2:-1], "the last two changed")
    equal(sorted(listed(search="LISTED-3")), [names[3]], "search without regard to case")
    with Requests() as wire:
        page = api.list_datasets(author=ns, search="listed-", limit=2, full=True)
        equal(all(d.sha and d.siblings for d in page), True, "full")
    equal(len(wire.seen), 1, "requests for a page of two")


def settings():
    api.update_repo_settings(repo, visibility="public")
    equal(api.model_info(repo, token=False).private, False, "private, for everybody")
    api.update_repo_settings(repo, gated="manual")
    equal(api.model_info(repo, token=False).gated, "manual", "gated")
    api.update_repo_settings(repo, gated=False, private=True)
    moved = repo + "-moved"
    api.create_repo(repo + "-other", private=True)
    with raises(HfHubHTTPError, 409, f"A model repository called {repo}-other already exists"):
        api.move_repo(repo, repo + "-other")
    api.move_repo(repo, moved)
    equal(api.model_info(repo).id, moved, "the id under the old name")
    hf_hub_download(repo, "README.md", token=VARS["token"])
    hf_hub_download(repo, "data/blob.bin", token=VARS["token"])
    api.upload_file(repo_id=repo, path_or_fileobj=b"z", path_in_repo="by-the-old-name.txt")
    api.upload_file(repo_id=repo, path_or_fileobj=io.BytesIO(b"large by the old name"), path_in_repo="by-the-old-name.bin")
    equal(api.file_exists(moved, "by-the-old-name.bin"), True, "a file uploaded under the old name")
    api.delete_repo(moved)
    equal(api.repo_exists(moved), False, "repo_exists after deletion")
    api.delete_repo(moved, missing_ok=True)
    # The old name is free again and shows nothing of what was there.
    api.create_repo(repo, private=True)
    equal(api.list_repo_files(repo), [".gitattributes"], "files of the new repository of the old name")


def many_files():
    count = 1300  # more than one page of a listing, and several batches of preupload
    adds = [CommitOperationAdd(f"many/{i % 13:02}/{i:04}.txt", str(i).encode()) for i in range(count)]
    commit = api.create_commit(repo_id=repo, operations=adds, commit_message="many files")
    with Requests() as wire:
        files = [e.path for e in api.list_repo_tree(repo, "many", recursive=True) if hasattr(e, "blob_id")]
    equal(sorted(files), sorted(a.path_in_repo for a in adds), "the listed files")
    equal(len(wire.seen) > 1, True, "more than one page")
    info = api.model_info(repo, revision=commit.oid)
    equal(len(info.siblings), count + 1, "siblings")
    paths = [a.path_in_repo for a in adds]
    equal([p.path for p in api.get_paths_info(repo, paths)], paths, "paths-info, in the order asked")
    fs = HfFileSystem(token=VARS["token"])
    equal(len(fs.find(f"{repo}/many")), count, "files found in parallel")
    hf_hub_download(repo, "many/07/0007.txt", token=VARS["token"])
    api.delete_folder("many/07", repo)
    equal(len(api.list_repo_files(repo)), count + 1 - 100, "files after deleting a folder")


def card():
    ModelCard("---\nlicense: mit\n---\n# fine\n").validate(repo_type="model")
    class Bad(ModelCard):  # the class itself would never send such text
        def __str__(self):
            return "---\nlicense: [unclosed\n---\n"

    try:
        Bad("---\nlicense: mit\n---\n").validate(repo_type="model")
    except ValueError as err:
        # The client shows the body as it stands, so it has to be a sentence.
        equal(str(err).startswith(("{", "<")) or not str(err), False, f"machine text in the error {err}")
    else:
        raise AssertionError("an invalid card passed")


def people():
    user = api.get_user_overview(VARS["user"])
    equal((user.username, user.fullname), (VARS["user"], "Person " + VARS["user"]), "user")
    org = api.get_organization_overview(ns)
    equal(org.name, ns, "organization")
    equal(sorted(m.username for m in api.list_organization_members(ns)), VARS["members"], "members")
    with raises(HfHubHTTPError, 404):
        api.get_user_overview("nobody-here")


for step in VARS["steps"]:
    globals()[step]()
