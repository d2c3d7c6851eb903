"""Files that several scripts make alike."""

import random
import tempfile
from pathlib import Path

CHANGE = 20  # one in so many bytes differs in a changed file, all in one place


def content(size, seed, how="random"):
    """The bytes of a file: a function of its arguments, which do not compress unless how is "text"."""
    if how == "text":
        return b"".join(b"%d lines of text, seed %d\n" % (i, seed) for i in range(size // 20))[:size]
    data = bytearray(random.Random(seed).randbytes(size))
    if how == "changed":
        part = size // CHANGE
        start = size // 3
        data[start : start + part] = random.Random(seed + 1000).randbytes(part)
    return bytes(data)


def fill(files):
    """A new folder with the files [name, size, seed, how]."""
    folder = Path(tempfile.mkdtemp())
    for name, size, seed, how in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(size, seed, how))
    return folder
