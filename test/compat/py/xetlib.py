"""Files that several scripts make alike."""

import random
import tempfile
from pathlib import Path

CHANGE = 20  # one in so many bytes differs in a changed file, all in one place


def noise(seed, size):
    """Reproducible bytes that do not compress, made in blocks because Python counts their bits in 32."""
    source, block = random.Random(seed), 32 << 20
    data = bytearray()
    while len(data) < size:
        data += source.randbytes(min(block, size - len(data)))
    return data


def content(size, seed, how="random"):
    """The bytes of a file: a function of its arguments, which do not compress unless how is "text"."""
    if how == "text":
        return b"".join(b"%d lines of text, seed %d\n" % (i, seed) for i in range(size // 20))[:size]
    data = noise(seed, size)
    if how == "changed":
        part = size // CHANGE
        start = size // 3
        data[start : start + part] = noise(seed + 1000, part)
    return bytes(data)


def fill(files):
    """A new folder with the files [name, size, seed, how]."""
    folder = Path(tempfile.mkdtemp())
    for name, size, seed, how in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(size, seed, how))
    return folder
