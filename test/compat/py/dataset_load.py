"""The pushed table comes back, whole by load_dataset, and in part by streaming, which must ask for ranges."""

import datasets
from checklib import VARS, Requests, equal, minilm_files
from safetensors.numpy import load_file

repo, token, rows, path = VARS["repo"], VARS["token"], VARS["rows"], VARS["path"]
files = minilm_files()
vectors = load_file(files / "model.safetensors")["embeddings.word_embeddings.weight"]
words = (files / "vocab.txt").read_text(encoding="utf8").split("\n")[:rows]

if VARS["how"] == "load":
    table = datasets.load_dataset(repo, split="train", token=token)
    equal(table.num_rows, rows, "the number of rows")
    equal(table["word"][:], words, "the words")
    equal(table[rows - 1]["vector"], vectors[rows - 1].tolist(), "the last vector")
    equal(datasets.load_dataset(repo, split="test", token=token).num_rows, 10, "rows of the second split")
else:
    with Requests() as wire:
        stream = datasets.load_dataset(repo, split="train", streaming=True, token=token, columns=["word"])
        equal([row["word"] for row in stream], words, "the streamed words")
    ranged = [r for r in wire.seen if r[0] == "GET" and r[1].endswith(path)]
    equal({(r[2] is not None, r[3]) for r in ranged}, {(True, 206)}, "(ranged, status) of the requests for data")
    received = sum(r[4] for r in ranged)
    if not 0 < received < VARS["size"] / 2:
        raise AssertionError(f"streaming one column received {received} of {VARS['size']} bytes by {len(ranged)} requests")
    whole = datasets.load_dataset(repo, split="train", streaming=True, token=token)
    equal(next(iter(whole))["vector"], vectors[0].tolist(), "the first streamed vector")
    equal(sum(1 for _ in whole), rows, "the number of streamed rows")
