"""Uploads with the client's defaults: VARS["files"] is a list of [name, size, seed, how], the folder goes up at once."""

import json

from checklib import ENDPOINT, VARS, equal
from huggingface_hub import HfApi
from xetlib import fill

api = HfApi(token=VARS["token"])
api.create_repo(VARS["repo"], private=True, exist_ok=True)
folder = fill(VARS["files"])
info = api.upload_folder(repo_id=VARS["repo"], folder_path=folder)
print(json.dumps({"oid": info.oid}))
