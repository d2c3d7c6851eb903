"""Calls every method of HfApi, as an administrator of an organization, and prints as JSON which answer each one got:
"works", the HTTP status of the refusal, "client" where the client itself refuses, or "elsewhere" where it does not ask this hub.

The order matters: what is made is used, renamed and deleted. The answers are compared with docs/protocol/clients.md."""

import inspect
import json
import os
import tempfile
from pathlib import Path

from checklib import ENDPOINT, VARS
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import get_session

api = HfApi(token=VARS["token"])
asker = HfApi(token=VARS["asker"])
ORG, ME, OTHER = VARS["org"], VARS["user"], VARS["asker_name"]
REPO, MOVED, DATA, SPACE, BUCKET = (f"{ORG}/{n}" for n in ("methods", "methods-moved", "methods-data", "methods-space", "methods-bucket"))
SLUG, ID = f"{ORG}/some-{'0' * 24}", "0" * 24

folder = Path(tempfile.mkdtemp())
(folder / "sub").mkdir()
(folder / "sub/c.txt").write_text("c")
(folder / "weights.bin").write_bytes(os.urandom(5000))
(folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
tensors = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
(folder / "model.safetensors").write_bytes(len(tensors).to_bytes(8, "little") + tensors + b"\x00")

answers = {}


def call(name, function=None, *args, **kwargs):
    """Calls a method; its answer is that of its first call."""
    method = function or getattr(api, name)
    try:
        result = method(*args, **kwargs)
        if inspect.isgenerator(result) or hasattr(result, "__next__"):
            result = list(result)
        answer = "works"
    except HfHubHTTPError as err:
        result, answer = None, str(err.response.status_code)
        if not str(err).strip().split("\n")[-1]:
            answer += " without a word"
    except (ValueError, NotImplementedError, ConnectionError) as err:
        result, answer = None, "501" if "501" in str(err) else "client"
    answers.setdefault(name, answer)
    return result


def m(name, *args, **kwargs):
    return call(name, None, *args, **kwargs)


m("create_repo", REPO, private=False)
api.create_repo(DATA, repo_type="dataset")
api.create_repo(SPACE, repo_type="space", space_sdk="static")
m("whoami")
m("get_full_repo_name", "x")
m("upload_file", path_or_fileobj=b"hello", path_in_repo="a.txt", repo_id=REPO)
m("upload_folder", folder_path=folder, repo_id=REPO)
m("create_commit", REPO, [CommitOperationAdd("q.txt", b"q")], commit_message="m")
m("preupload_lfs_files", REPO, [CommitOperationAdd("z.bin", os.urandom(1000))])
m("delete_file", "q.txt", REPO)
m("delete_folder", "sub", REPO)
m("delete_files", REPO, ["*.png"])
m("copy_files", f"hf://{REPO}/weights.bin", f"hf://{REPO}/copy.bin")
m("file_exists", REPO, "a.txt")
m("repo_exists", REPO)
m("revision_exists", REPO, "main")
m("model_info", REPO, files_metadata=True)
m("dataset_info", DATA)
m("space_info", SPACE)
m("repo_info", REPO, revision="main")
m("resolve_revision", REPO)
m("list_repo_files", REPO)
m("list_repo_tree", REPO, recursive=True, expand=True)
m("get_paths_info", REPO, ["a.txt", "none", "weights.bin"], expand=True)
m("list_repo_commits", REPO, formatted=True)
m("list_repo_refs", REPO, include_pull_requests=True)
m("create_branch", REPO, branch="dev")
m("create_tag", REPO, tag="v1", tag_message="one")
m("delete_tag", REPO, tag="v1")
m("delete_branch", REPO, branch="dev")
m("hf_hub_download", REPO, "a.txt")
m("snapshot_download", REPO)
m("verify_repo_checksums", REPO)
m("get_hf_file_metadata", url=f"{ENDPOINT}/{REPO}/resolve/main/weights.bin")
m("get_safetensors_metadata", REPO)
m("parse_safetensors_file_metadata", REPO, "model.safetensors")
m("get_sharded_safetensors_metadata", REPO)
large = m("list_lfs_files", REPO)
if large is None:
    from huggingface_hub.hf_api import LFSFileInfo

    large = [LFSFileInfo(fileOid="0" * 64, filename="x", oid="0" * 64, pushedAt="2026-01-01T00:00:00.000Z", ref="main", size=1)]
m("permanently_delete_lfs_files", REPO, [x for x in large if x.filename != "model.safetensors"])
m("super_squash_history", REPO, commit_message="one")
m("list_models", author=ORG, full=True, cardData=True)
m("list_datasets", author=ORG)
m("list_spaces", author=ORG)
m("list_user_repos", ORG)
m("get_user_overview", OTHER)
m("get_organization_overview", ORG)
m("list_organization_members", ORG)
m("list_organization_followers", ORG)
m("list_user_followers", OTHER)
m("list_user_following", OTHER)
m("list_liked_repos", OTHER)
m("list_repo_likers", REPO)
m("unlike", REPO)
m("get_model_tags")
m("get_dataset_tags")
m("move_repo", REPO, MOVED)
m("duplicate_repo", MOVED, f"{ORG}/methods-copy")
m("update_repo_settings", MOVED, gated="manual")
m("auth_check", MOVED, write=True)


def ask():
    get_session().post(f"{ENDPOINT}/{MOVED}/ask-access", headers={"authorization": f"Bearer {asker.token}"}, follow_redirects=False)


ask()
m("list_pending_access_requests", MOVED)
m("accept_access_request", MOVED, OTHER)
m("list_accepted_access_requests", MOVED)
m("cancel_access_request", MOVED, OTHER)
m("reject_access_request", MOVED, OTHER, rejection_reason="no")
m("list_rejected_access_requests", MOVED)
m("grant_access", MOVED, ME)
api.update_repo_settings(MOVED, gated=False)

m("create_discussion", MOVED, "title")
m("create_pull_request", MOVED, "title")
m("get_repo_discussions", MOVED)
m("get_discussion_details", MOVED, 1)
m("comment_discussion", MOVED, 1, "c")
m("rename_discussion", MOVED, 1, "title")
m("change_discussion_status", MOVED, 1, "closed")
m("edit_discussion_comment", MOVED, 1, ID, "x")
m("hide_discussion_comment", MOVED, 1, ID)
m("merge_pull_request", MOVED, 1)
m("upload_attachment", folder / "picture.png")

m("create_collection", "title", namespace=ORG)
m("list_collections", owner=ORG)
m("get_collection", SLUG)
m("add_collection_item", SLUG, MOVED, "model")
m("update_collection_item", SLUG, ID, note="x")
m("update_collection_metadata", SLUG, title="x")
m("update_collection_resource_group", SLUG, None)
m("delete_collection_item", SLUG, ID)
m("delete_collection", SLUG)

m("create_webhook", url="https://example.org", watched=[{"type": "user", "name": ME}])
m("list_webhooks")
for name in ("get_webhook", "enable_webhook", "disable_webhook", "delete_webhook"):
    m(name, ID)
m("update_webhook", ID, url="https://example.org")

m("add_space_secret", SPACE, "K", "v")
m("get_space_secrets", SPACE)
m("delete_space_secret", SPACE, "K")
m("add_space_variable", SPACE, "K", "v")
m("get_space_variables", SPACE)
m("delete_space_variable", SPACE, "K")
m("get_space_runtime", SPACE)
m("wait_for_space", SPACE, timeout=1)
m("request_space_hardware", SPACE, "t4-medium")
m("set_space_sleep_time", SPACE, 300)
m("set_space_volumes", SPACE, [])
m("delete_space_volumes", SPACE)
for name in ("pause_space", "restart_space", "enable_space_dev_mode", "disable_space_dev_mode", "fetch_space_logs"):
    m(name, SPACE)
m("list_space_templates")
m("list_spaces_hardware")
m("search_spaces", "x")
m("get_zero_gpu_quota")

m("create_bucket", BUCKET)
m("bucket_info", BUCKET)
m("list_buckets", ORG)
m("update_bucket_settings", BUCKET, private=True)
m("move_bucket", BUCKET, BUCKET + "2")
m("list_bucket_tree", BUCKET)
m("get_bucket_paths_info", BUCKET, ["x"])
m("get_bucket_file_metadata", BUCKET, "x")
m("batch_bucket_files", BUCKET, add=[(b"x", "x")])
m("download_bucket_files", BUCKET, [("x", folder / "x")])
m("sync_bucket", str(folder), f"hf://buckets/{BUCKET}")
m("delete_bucket", BUCKET)

job = {"namespace": ME}
m("run_job", image="x", command=["x"], **job)
m("run_uv_job", __file__, **job)
m("list_jobs", **job)
m("list_jobs_hardware")
for name in ("inspect_job", "cancel_job", "rerun_job", "fetch_job_logs", "fetch_job_metrics"):
    m(name, job_id=ID, **job)
m("update_job_labels", job_id=ID, labels={}, **job)
m("update_job_expose", job_id=ID, expose=[1], **job)
m("wait_for_job", ID, timeout=1, **job)
m("sync_job_volume", folder, "/x", **job)
m("create_scheduled_job", image="x", command=["x"], schedule="@daily", **job)
m("create_scheduled_uv_job", __file__, schedule="@daily", **job)
m("list_scheduled_jobs", **job)
for name in ("inspect_scheduled_job", "resume_scheduled_job", "suspend_scheduled_job", "trigger_scheduled_job", "delete_scheduled_job"):
    m(name, scheduled_job_id=ID, **job)
m("update_scheduled_job_labels", scheduled_job_id=ID, labels={}, **job)
m("update_scheduled_job_schedule", scheduled_job_id=ID, schedule="@daily", **job)

m("kernel_info", MOVED)
m("paper_info", "2401.00001")
m("read_paper", "2401.00001")
m("list_papers", query="x")
m("list_daily_papers")
m("get_dataset_leaderboard", DATA)
m("list_dataset_parquet_files", DATA)
m("delete_repo", MOVED)
m("run_as_future", lambda: 1)

for name, method in inspect.getmembers(HfApi, callable):
    if not name.startswith("_") and ("inference_endpoint" in name or "inference_catalog" in name):
        answers[name] = "elsewhere"  # to addresses that are constants of the client
for name, method in inspect.getmembers(HfApi, callable):
    if not name.startswith("_"):
        answers.setdefault(name, "not called")
print(json.dumps(answers))
