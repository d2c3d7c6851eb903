"""all-MiniLM-L6-v2 in numpy: just enough of BERT to turn a sentence into its embedding.

The class is loaded through huggingface_hub's own ModelHubMixin, so `MiniLM.from_pretrained("org/name", token=…)` fetches
configuration and weights the way every library built on the mixin does, without a framework of gigabytes.
"""

import math
from pathlib import Path

import numpy as np
from huggingface_hub import ModelHubMixin, hf_hub_download
from safetensors.numpy import load_file

_erf = np.vectorize(math.erf, otypes=[np.float32])


class MiniLM(ModelHubMixin):
    def __init__(self, weights, config):
        self.weights = weights
        self.settings = config

    @classmethod
    def _from_pretrained(cls, *, model_id, revision, cache_dir, force_download, local_files_only, token, config=None, **_):
        def fetch(name):
            if Path(model_id).is_dir():
                return Path(model_id) / name
            return hf_hub_download(
                model_id, name, revision=revision, cache_dir=cache_dir, force_download=force_download,
                local_files_only=local_files_only, token=token,
            )

        return cls(load_file(fetch("model.safetensors")), config)

    def _dense(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _norm(self, name, x):
        mean = x.mean(-1, keepdims=True)
        deviation = np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + self.settings["layer_norm_eps"])
        return (x - mean) / deviation * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def _attention(self, layer, x):
        heads = self.settings["num_attention_heads"]
        width = x.shape[1] // heads

        def split(part):
            return self._dense(f"{layer}.attention.self.{part}", x).reshape(len(x), heads, width).transpose(1, 0, 2)

        q, k, v = split("query"), split("key"), split("value")
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(width)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        return self._dense(f"{layer}.attention.output.dense", mixed.transpose(1, 0, 2).reshape(x.shape))

    def embed(self, ids):
        """The unit-length embedding of one tokenized sentence."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm("embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][0])
        for i in range(self.settings["num_hidden_layers"]):
            layer = f"encoder.layer.{i}"
            x = self._norm(f"{layer}.attention.output.LayerNorm", x + self._attention(layer, x))
            h = self._dense(f"{layer}.intermediate.dense", x)
            h = h * 0.5 * (1 + _erf(h / math.sqrt(2)))
            x = self._norm(f"{layer}.output.LayerNorm", x + self._dense(f"{layer}.output.dense", h))
        mean = x.mean(0)
        return mean / np.linalg.norm(mean)
