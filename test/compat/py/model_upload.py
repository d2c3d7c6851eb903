"""A member with a write token creates a private repository of the organization and uploads the real model."""

from checklib import VARS, equal, minilm_files
from huggingface_hub import HfApi

api = HfApi(token=VARS["token"])
url = api.create_repo(VARS["repo"], private=True)
equal(url.repo_id, VARS["repo"], "the repository of the returned URL")
info = api.upload_folder(repo_id=VARS["repo"], folder_path=minilm_files())
equal(info.repo_url.repo_id, VARS["repo"], "the repository of the commit URL")
equal(api.model_info(VARS["repo"]).sha, info.oid, "the head after the upload")

again = api.upload_folder(repo_id=VARS["repo"], folder_path=minilm_files())
equal(again.oid, info.oid, "the commit after uploading the same files again")
print(info.oid)
