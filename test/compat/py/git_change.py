"""A member changes a repository that git pushed to: the next commit comes from the Python client."""

from checklib import VARS, equal
from huggingface_hub import HfApi

api = HfApi(token=VARS["token"])
equal(api.model_info(VARS["repo"]).sha, VARS["head"], "the head that git pushed")
info = api.upload_file(repo_id=VARS["repo"], path_in_repo="notes/from-python.txt", path_or_fileobj=b"from python\n")
print(info.oid)
