"""The hf command line: log in, look, create, upload, download, branch, tag, rename, delete."""

import json
import os
import subprocess
from pathlib import Path

from checklib import ENDPOINT, VARS, contains, equal, same_files

ns = VARS["namespace"]
repo = f"{ns}/{VARS['name']}"


def hf(*args, code=0, **env):
    """Runs hf and returns its standard output and error together."""
    done = subprocess.run(["hf", *args], capture_output=True, text=True, env={**os.environ, **env}, stdin=subprocess.DEVNULL)
    both = done.stdout + done.stderr
    if done.returncode != code:
        raise AssertionError(f"hf {' '.join(args)} ended with {done.returncode}, want {code}\n{both}")
    return both


def hf_json(*args):
    done = subprocess.run(["hf", *args, "--format", "json"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"hf {' '.join(args)} failed\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


# Log in with a token on the command line; the token is stored under the name the server knows it by.
contains(hf("auth", "whoami", code=1), "not logged in".capitalize(), "whoami before login")
contains(hf("auth", "login", "--token", "hf_" + "x" * 34, code=1), "Invalid user token", "login with a wrong token")
hf("auth", "login", "--token", VARS["token"])
who = hf_json("auth", "whoami")
equal(who["user"], VARS["user"], "the user of hf auth whoami")
contains(json.dumps(who), ns, "the organizations of hf auth whoami")
equal(who["endpoint"], ENDPOINT, "the endpoint of hf auth whoami")
contains(hf("auth", "list"), VARS["display"], "hf auth list")

# Create and upload.
contains(hf("repos", "create", repo, "--private"), f"{ENDPOINT}/{repo}", "hf repos create")
contains(hf("repos", "create", repo, code=1), "already", "creating it twice")
hf("repos", "create", repo, "--exist-ok")
up = Path("up")
(up / "deep/er").mkdir(parents=True)
(up / "README.md").write_text("---\nlicense: mit\ntags: [from-the-cli]\n---\n# hello\n")
(up / "deep/er/ünïcode name.txt").write_text("text")
(up / "empty.txt").write_text("")
(up / "weights.bin").write_bytes(os.urandom(9_000_000))
contains(hf("upload", repo, "up", ".", "--commit-message", "from the command line"), f"{ENDPOINT}/{repo}/commit/", "hf upload")
hf("upload", repo, "up/weights.bin", "copy/second.bin")
hf("upload", repo, "up/empty.txt", "only-here.txt", "--revision", "made-by-upload")

# Download, whole, by pattern, one file, another branch.
hf("download", repo, "--local-dir", "down", "--exclude", "copy/*")
same_files("down", up, ignore=(".gitattributes",))
path = hf("download", repo, "copy/second.bin", "--quiet").strip().splitlines()[-1]
equal(Path(path).read_bytes(), (up / "weights.bin").read_bytes(), "one downloaded file")
hf("download", repo, "--revision", "made-by-upload", "--include", "only-here.txt", "--local-dir", "branch")
equal([p.name for p in Path("branch").iterdir() if p.is_file()], ["only-here.txt"], "files of the branch")

# Branches and tags.
hf("repos", "branch", "create", repo, "dev")
contains(hf("repos", "branch", "create", repo, "dev", code=1), "already exists", "the branch again")
hf("repos", "branch", "create", repo, "dev", "--exist-ok")
hf("repos", "tag", "create", repo, "v1.0", "--message", "first")
contains(hf("repos", "tag", "list", repo), "v1.0", "hf repos tag list")
hf("download", repo, "README.md", "--revision", "v1.0", "--local-dir", "tagged")
hf("repos", "tag", "delete", repo, "v1.0", "-y")
hf("repos", "branch", "delete", repo, "dev")
contains(hf("repos", "branch", "delete", repo, "dev", code=1), "Revision not found", "deleting it twice")

# Look.
contains(json.dumps(hf_json("repos", "ls", "--namespace", ns)), repo, "hf repos ls")
listed = hf_json("models", "ls", "--author", ns, "--search", VARS["name"])
equal([m["id"] for m in listed], [repo], "hf models ls")
equal(hf_json("models", "info", repo)["private"], True, "private in hf models info")

# Change and remove.
hf("repos", "settings", repo, "--public")
equal(hf_json("models", "info", repo)["private"], False, "private after hf repos settings --public")
hf("repos", "settings", repo, "--private")
hf("repos", "delete-files", repo, "copy/*")
moved = repo + "-renamed"
hf("repos", "move", repo, moved)
equal(hf_json("models", "info", moved)["id"], moved, "the id after the move")
hf("download", repo, "README.md", "--local-dir", "old-name")
hf("repos", "delete", moved, "-y")
contains(hf("models", "info", moved, code=1), "not found", "info of a deleted repository")

# HF_TOKEN wins over the stored login, and works without one.
contains(hf("auth", "whoami", HF_TOKEN=VARS["other_token"]), VARS["other_user"], "whoami with HF_TOKEN")
hf("auth", "logout")
contains(hf("auth", "whoami", HF_TOKEN=VARS["other_token"]), VARS["other_user"], "whoami with HF_TOKEN after logout")
hf("auth", "whoami", code=1)
