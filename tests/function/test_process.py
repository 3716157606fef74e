"""How the deployed process behaves: cold start, logs, overload, nothing to serve, swaps."""

import concurrent.futures
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.function.server import BRIEF, Reply, Server, deployable, running, until
from tests.tiny_release import make_release
from tinycopy.manifest import FILES, MANIFEST

LONG = {"type": "product_description", "length": "long", "variants": 5}
IMPORT = re.compile(r"^import time:[^|]*\|[^|]*\| *(\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    source = tmp_path_factory.mktemp("process") / "function"
    return source, deployable(source)


@pytest.fixture(scope="module")
def server(deployed: tuple[Path, str]) -> Iterator[Server]:
    """No request is made to it before the first test."""
    environ = {"PYTHONPROFILEIMPORTTIME": "1", "GOOGLE_CLOUD_PROJECT": "my-project"}
    with running(deployed[0], **environ) as it:
        yield it


def at_once(server: Server, count: int, **fields: object) -> list[Reply]:
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [f.result() for f in [pool.submit(server.copy, **fields) for _ in range(count)]]


def test_importing_the_function_loads_nothing(deployed: tuple[Path, str]):
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import threading, main; print(main.SERVICE.loader.now(), threading.active_count())",
        ],
        cwd=deployed[0],
        env={"PYTHONPATH": str(deployed[0])},
        capture_output=True,
        check=True,
        text=True,
    )
    assert told.stdout == "None 1\n"


def test_the_worker_loads_before_any_request(server: Server, deployed: tuple[Path, str]):
    loaded = until(lambda: server.logged("release loaded"))
    assert loaded[0]["release"] == deployed[1]
    assert not [entry for entry in server.log() if "request_id" in entry]


def test_serving_imports_nothing_of_training(server: Server):
    assert server.copy().status == 200
    modules = set(IMPORT.findall(server.errors.read_text("utf-8")))
    imported = {name.split(".")[0] for name in modules}
    assert {"tinycopy", "ctranslate2", "functions_framework"} <= imported
    assert not imported & {"torch", "transformers", "datasets", "finetune", "distill"}
    assert "google.cloud.storage" not in modules


def test_a_request_is_logged_without_its_text(server: Server, deployed: tuple[Path, str]):
    product = "Zanzibarometer"
    headers = {"X-Cloud-Trace-Context": "0123456789abcdef0123456789abcdef/123;o=1"}
    reply = server.ask("POST", "/v1/copy", BRIEF | {"product": product}, headers)
    request_id = reply.headers["X-Request-Id"]
    entry = until(lambda: [e for e in server.log() if e.get("request_id") == request_id])[0]
    assert entry["severity"] == "INFO"
    assert (entry["status"], entry["method"], entry["path"]) == (200, "POST", "/v1/copy")
    assert entry["release"] == deployed[1]
    assert entry["logging.googleapis.com/trace"] == (
        "projects/my-project/traces/0123456789abcdef0123456789abcdef"
    )
    usage = reply.json["usage"]
    assert entry["completion_tokens"] == usage["completion_tokens"]
    assert entry["prompt_tokens"] == usage["prompt_tokens"]
    checks = [ok for variant in reply.json["variants"] for ok in variant["checks"].values()]
    assert (entry["checks"], entry["checks_passed"]) == (len(checks), sum(checks))
    assert entry["ms"] >= entry["generation_ms"] > 0
    server.ask("POST", "/v1/copy", BRIEF | {"product": product, "x": product})
    server.ask("GET", f"/{product}")
    assert product not in server.output.read_text("utf-8")


def test_a_traceparent_ties_an_entry_to_its_trace(server: Server):
    trace = "ab" * 16
    reply = server.ask("GET", "/info", headers={"traceparent": f"00-{trace}-{'1' * 16}-01"})
    request_id = reply.headers["X-Request-Id"]
    entry = until(lambda: [e for e in server.log() if e.get("request_id") == request_id])[0]
    assert entry["logging.googleapis.com/trace"] == f"projects/my-project/traces/{trace}"
    bad = server.ask("GET", "/info", headers={"traceparent": "nonsense"})
    request_id = bad.headers["X-Request-Id"]
    entry = until(lambda: [e for e in server.log() if e.get("request_id") == request_id])[0]
    assert "logging.googleapis.com/trace" not in entry


def test_a_seed_holds_under_concurrency(server: Server):
    alone = server.copy(seed=11, variants=2).json["variants"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        seeds = [11, 12, None] * 3
        futures = [pool.submit(server.copy, seed=seed, variants=2) for seed in seeds]
        replies = [(s, f.result()) for s, f in zip(seeds, futures, strict=True)]
    assert {reply.status for _, reply in replies} == {200}
    assert all(reply.json["variants"] == alone for seed, reply in replies if seed == 11)


def test_concurrent_first_requests_load_once_and_prompts_are_logged_if_asked(deployed):
    with running(deployed[0], LOG_PROMPTS="true", QUEUE="20") as server:
        replies = at_once(server, 8)
        assert {reply.status for reply in replies} == {200}
        assert len(server.logged("release loaded")) == 1
        entry = until(lambda: server.logged("POST answered"))[0]
        assert entry["brief"]["product"] == BRIEF["product"]
        assert entry["copy"]


def test_more_requests_than_places_are_told_to_come_again(deployed: tuple[Path, str]):
    with running(deployed[0], QUEUE="0", CANDIDATES="64") as server:
        server.copy()
        replies = at_once(server, 12, **LONG)
    assert {reply.status for reply in replies} == {200, 429}
    busy = next(reply for reply in replies if reply.status == 429)
    assert int(busy.headers["Retry-After"]) >= 1
    assert busy.json["type"] == "/docs#problem-too-busy"


def test_without_any_release_the_answer_is_503_until_one_is_there(tmp_path: Path):
    source = tmp_path / "function"
    deployable(source)
    shutil.move(source / "tinycopy" / "embedded", tmp_path / "aside")
    with running(source) as server:
        reply = server.copy()
        assert (reply.status, reply.json["type"]) == (503, "/docs#problem-not-loaded")
        assert int(reply.headers["Retry-After"]) >= 1
        asked = {"model": "tinycopy", "prompt": "a bakery"}
        openai = server.ask("POST", "/v1/completions", asked)
        assert (openai.status, openai.json["error"]["type"]) == (503, "server_error")
        assert server.ask("GET", "/health").json == {"status": "failing"}
        assert server.ask("GET", "/info").json["release"] is None
        assert server.logged("release not loaded")[0]["severity"] == "ERROR"
        shutil.move(tmp_path / "aside", source / "tinycopy" / "embedded")
        until(lambda: server.copy().status == 200)


def test_an_error_of_ours_is_a_problem_without_internals(tmp_path: Path):
    source = tmp_path / "function"
    deployable(source)
    checks = source / "tinycopy" / "checks.py"
    failing = "\ndef run_checks(brief, text):\n    raise OSError('a secret: ' + brief.product)\n"
    checks.write_text(checks.read_text("utf-8") + failing)
    with running(source) as server:
        reply = server.copy()
        assert reply.status == 500
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.json["type"] == "/docs#problem-internal"
        assert "secret" not in reply.body.decode()
        assert "OSError" not in reply.body.decode()
        error = until(lambda: server.logged("uncaught error"))[0]
        assert error["severity"] == "ERROR"
        assert error["error"] == "OSError"
        assert error["request_id"] == reply.headers["X-Request-Id"]
        assert any("checks.py" in frame for frame in error["stack"])
        assert "secret" not in server.output.read_text("utf-8")
        assert server.ask("GET", "/health").status == 200


def test_a_bad_setting_stops_the_start_and_is_named(deployed: tuple[Path, str]):
    said = "QUEUE='x': expected a whole number"
    with pytest.raises(AssertionError, match=said), running(deployed[0], QUEUE="x"):
        pass


def test_a_moved_pointer_is_served_and_no_request_is_lost(deployed, bucket, gcs_server, tmp_path):
    digests = [make_release(tmp_path / str(seed), seed) for seed in (1, 2)]
    for seed, digest in zip((1, 2), digests, strict=True):
        for name in (*FILES, MANIFEST):
            blob = bucket.blob(f"students/{digest}/{name}")
            blob.upload_from_string((tmp_path / str(seed) / name).read_bytes())
    pointer = bucket.blob("students/current.json")
    pointer.upload_from_string(json.dumps({"digest": digests[0]}))
    environ = {
        "MODEL_URI": f"gs://{bucket.name}",
        "STORAGE_EMULATOR_HOST": gcs_server,
        "MODEL_REFRESH_SECONDS": "0.1",
    }
    with running(deployed[0], **environ) as server:
        first = server.copy().json["model"]
        assert first == {"digest": digests[0], "source": "bucket", "degraded": False}
        pointer.upload_from_string(json.dumps({"digest": digests[1]}))
        seen = []

        def moved() -> bool:
            replies = at_once(server, 4)
            assert {reply.status for reply in replies} == {200}
            seen.extend(reply.json["model"]["digest"] for reply in replies)
            return seen[-1] == digests[1]

        until(moved)
        assert set(seen) <= set(digests)
        assert server.ask("GET", "/info").json["release"]["digest"] == digests[1]
        pointer.upload_from_string(b"{")
        until(lambda: server.copy().json["model"]["degraded"])
        release = server.ask("GET", "/info").json["release"]
        assert release["digest"] == digests[1]
        assert release["trouble"].startswith("students/current.json: ")
