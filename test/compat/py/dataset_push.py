"""A real table, the vocabulary of the model with its vectors, is pushed to a private dataset."""

import json

import datasets
from checklib import VARS, equal, minilm_files
from huggingface_hub import HfApi
from safetensors.numpy import load_file

files = minilm_files()
vectors = load_file(files / "model.safetensors")["embeddings.word_embeddings.weight"]
words = (files / "vocab.txt").read_text(encoding="utf8").split("\n")[: VARS["rows"]]
table = datasets.Dataset.from_dict({"id": range(len(words)), "word": words, "vector": [v.tolist() for v in vectors[: len(words)]]})

table.push_to_hub(VARS["repo"], private=True, token=VARS["token"])
api = HfApi(token=VARS["token"])
equal(api.dataset_info(VARS["repo"]).private, True, "private")
files = api.list_repo_files(VARS["repo"], repo_type="dataset")
parquet = [f for f in files if f.endswith(".parquet")]
equal(len(parquet), 1, "the number of parquet files")
size = api.get_paths_info(VARS["repo"], parquet, repo_type="dataset")[0].size

# Pushing the same rows again must be harmless, and a second split must leave the first one alone.
table.push_to_hub(VARS["repo"], token=VARS["token"])
table.select(range(10)).push_to_hub(VARS["repo"], split="test", token=VARS["token"])
card = api.dataset_info(VARS["repo"]).card_data
equal([s["name"] for s in card["dataset_info"]["splits"]], ["train", "test"], "the splits of the card")
print(json.dumps({"path": parquet[0], "size": size}))
