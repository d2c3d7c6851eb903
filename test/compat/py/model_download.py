"""Another member's read token, an empty cache: the same files, and a model that computes the same."""

import os

import numpy as np
from checklib import VARS, equal, minilm_files, same_files
from huggingface_hub import HfApi, snapshot_download
from minilm import MiniLM
from transformers import AutoConfig, AutoTokenizer

repo, token, original = VARS["repo"], VARS["token"], minilm_files()

folder = snapshot_download(repo, token=token, cache_dir="snapshot")
equal(os.path.basename(folder), VARS["commit"], "the name of the snapshot folder")
# The packaged .gitattributes replaces the one of the new repository, so every file must be equal.
same_files(folder, original)

info = HfApi(token=token).model_info(repo, files_metadata=True)
equal(info.private, True, "private")
equal(info.library_name, "sentence-transformers", "library_name from the README")
equal("sentence-similarity" in info.tags, True, "a tag from the README")
weights = next(s for s in info.siblings if s.rfilename == "model.safetensors")
equal(weights.size, (original / "model.safetensors").stat().st_size, "the size of the weights")
equal(weights.lfs.size, weights.size, "the LFS size of the weights")

tokenizer = AutoTokenizer.from_pretrained(repo, token=token, cache_dir="pretrained")
config = AutoConfig.from_pretrained(repo, token=token, cache_dir="pretrained")
equal((config.model_type, config.hidden_size), ("bert", 384), "the configuration")
model = MiniLM.from_pretrained(repo, token=token, cache_dir="pretrained")

sentences = ["A man is eating pasta.", "Someone has a plate of noodles.", "The committee adjourned at noon."]
ours = np.stack([model.embed(tokenizer(s)["input_ids"]) for s in sentences])

local_tokenizer = AutoTokenizer.from_pretrained(original)
local_model = MiniLM.from_pretrained(original)
theirs = np.stack([local_model.embed(local_tokenizer(s)["input_ids"]) for s in sentences])

equal(ours.shape, (3, 384), "the shape of the embeddings")
equal(bool(np.array_equal(ours, theirs)), True, "equality of the embeddings")
# That the arithmetic is that of the model, not just twice the same: similar sentences are similar.
similar, different = ours[0] @ ours[1], ours[0] @ ours[2]
equal(bool(similar > 0.3 and similar > different + 0.2), True, f"the likeness of {similar:.3f} against {different:.3f}")
