"""Large files leave the whole history by the client's own functions, whichever way they came, and are not served by the ids of
old commits any more."""

import os

from checklib import VARS, equal, raises
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, RemoteEntryNotFoundError

REPO = VARS["repo"]
writer, reader = HfApi(token=VARS["writer"]), HfApi(token=VARS["reader"])
first, second = os.urandom(300_000), os.urandom(200_000)
old = writer.create_commit(REPO, [CommitOperationAdd("data/first.bin", first), CommitOperationAdd("second.bin", second)], commit_message="Both").oid
writer.create_tag(REPO, tag="v1", tag_message="both")
writer.upload_file(path_or_fileobj=b"text", path_in_repo="text.txt", repo_id=REPO)

files = {f.filename: f for f in writer.list_lfs_files(REPO)}
equal(sorted(files), ["data/first.bin", "second.bin"], "the large files")
equal(files["data/first.bin"].size, len(first), "the size")
with raises(HfHubHTTPError, 403):
    list(reader.list_lfs_files(REPO))
with raises(HfHubHTTPError, 403):
    reader.permanently_delete_lfs_files(REPO, [files["data/first.bin"]])

before = [c.title for c in writer.list_repo_commits(REPO)]
writer.permanently_delete_lfs_files(REPO, [files["data/first.bin"]])
equal([f.filename for f in writer.list_lfs_files(REPO)], ["second.bin"], "the large files that are left")
equal([c.title for c in writer.list_repo_commits(REPO)], before, "the commits")
equal(sorted(writer.list_repo_files(REPO, revision="v1")), [".gitattributes", "second.bin"], "the files of the tag")
for revision in ("main", "v1", old):
    with raises(RemoteEntryNotFoundError, 404):
        reader.hf_hub_download(REPO, "data/first.bin", revision=revision, force_download=True)
with open(reader.hf_hub_download(REPO, "second.bin"), "rb") as f:
    equal(f.read(), second, "the other file")
with raises(RemoteEntryNotFoundError, 404):
    writer.permanently_delete_lfs_files(REPO, [files["data/first.bin"]])
# It may come back, as any file may.
writer.upload_file(path_or_fileobj=first, path_in_repo="again.bin", repo_id=REPO)
with open(reader.hf_hub_download(REPO, "again.bin"), "rb") as f:
    equal(f.read(), first, "the file that came back")
print("ok")
