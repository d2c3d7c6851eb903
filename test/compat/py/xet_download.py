"""Downloads what xet_upload.py uploaded, and compares: VARS["xet"] tells whether the files are expected to come by Xet."""

import hashlib
from pathlib import Path

from checklib import VARS, equal, same_files
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from xetlib import content, fill

api = HfApi(token=VARS["token"])
got = snapshot_download(VARS["repo"], token=VARS["token"])
same_files(got, fill(VARS["files"]), ignore=(".gitattributes", "README.md"))

large = [f for f in VARS["files"] if f[1] > 0]
infos = {f.path: f for f in api.get_paths_info(VARS["repo"], [f[0] for f in large[:100]])}
for name, size, seed, how in large[:100]:
    info = infos[name]
    equal(info.size, size, f"the size of {name}")
    if info.lfs is None:
        continue
    equal(info.lfs.sha256, hashlib.sha256(content(size, seed, how)).hexdigest(), f"the SHA-256 of {name}")
    if VARS["xet"]:
        equal(len(info.xet_hash or ""), 64, f"the length of the Xet hash of {name}")
one = hf_hub_download(VARS["repo"], large[0][0], token=VARS["token"], local_dir="single")
equal(Path(one).read_bytes(), content(*large[0][1:]), large[0][0])
