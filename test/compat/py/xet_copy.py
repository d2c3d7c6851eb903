"""Copies large and small files between repositories of one owner and of two, of two types, and from a revision."""

import hashlib

from checklib import VARS, equal, raises
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, HfApi, HfFileSystem
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError
from xetlib import content

api, stranger = HfApi(token=VARS["token"]), HfApi(token=VARS["stranger"])
source, secret = VARS["org"] + "/copy-source", VARS["org"] + "/copy-secret"
large = content(1_500_000, 21)
api.create_repo(source)
api.create_repo(secret, private=True)
api.create_commit(source, [CommitOperationAdd("large.bin", large), CommitOperationAdd("small.txt", b"small")], commit_message="first")
api.create_branch(source, branch="before")
api.create_commit(source, [CommitOperationAdd("large.bin", content(1_200_000, 22))], commit_message="second")
api.create_commit(secret, [CommitOperationAdd("hidden.bin", content(900_000, 23))], commit_message="hidden")


def copied(path, to, revision=None, repo=source):
    return CommitOperationCopy(path, to, src_repo_id=repo, src_repo_type="model", src_revision=revision)


for who, kind, target in (
    (api, "model", VARS["org"] + "/copy-near"),
    (api, "dataset", VARS["user"] + "/copy-far"),
    (stranger, "model", VARS["other"] + "/copy-theirs"),
):
    who.create_repo(target, repo_type=kind, private=True)
    operations = [copied("large.bin", "in/large.bin", "before"), copied("small.txt", "small.txt")]
    who.create_commit(target, operations, commit_message="copies", repo_type=kind)
    info = who.get_paths_info(target, ["in/large.bin"], repo_type=kind)[0]
    equal(info.lfs.sha256, hashlib.sha256(large).hexdigest(), f"the digest in {target}")
    got = who.hf_hub_download(target, "in/large.bin", repo_type=kind, force_download=True)
    with open(got, "rb") as f:
        equal(f.read() == large, True, f"whether the bytes in {target} are the same")
    with raises(EntryNotFoundError):
        who.create_commit(target, [copied("absent.bin", "x.bin")], commit_message="nothing", repo_type=kind)

with raises(RepositoryNotFoundError, status=404):
    stranger.create_commit(VARS["other"] + "/copy-theirs", [copied("hidden.bin", "x.bin", repo=secret)], commit_message="theft")

fs = HfFileSystem(token=VARS["token"])
fs.cp_file(f"{source}/large.bin", f"{VARS['org']}/copy-near/again.bin")
fs.mv(f"{VARS['org']}/copy-near/small.txt", f"{VARS['org']}/copy-near/moved.txt")
names = {e.split("/", 2)[2] for e in fs.find(VARS["org"] + "/copy-near")}
equal(names, {".gitattributes", "again.bin", "in/large.bin", "moved.txt"}, "files after copying and moving")
