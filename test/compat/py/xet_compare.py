"""Downloads files and compares them with VARS["contents"], a list of [name, base64]."""

import base64
from pathlib import Path

from checklib import VARS, equal
from huggingface_hub import hf_hub_download

for name, text in VARS["contents"]:
    got = Path(hf_hub_download(VARS["repo"], name, token=VARS["token"])).read_bytes()
    equal(got == base64.b64decode(text), True, f"whether {name} is the same")
