"""The smoke test against a function that really runs, with a proxy that spoils single answers."""

import base64
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.smoke import Bounds, Endpoint, Expected, smoke, wait_until_healthy
from deploy.student import embedded_digest
from tests.deploy.google import Handler, serving
from tests.function.server import FUNCTION, Server, running
from tests.gcs import free_port
from tests.wire import Answer, Cut, Request, Wire, wired

BOUNDS = Bounds(seconds=30, tries=3, pause=0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The function with the release that it embeds."""
    source = tmp_path_factory.mktemp("smoke") / "function"
    source.symlink_to(FUNCTION)
    with running(source, PYTHONDONTWRITEBYTECODE="1") as server:
        assert server.copy().status == 200  # loaded: the tests say what else goes wrong
        yield server


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    with wired(f"http://127.0.0.1:{server.port}") as wire:
        yield wire


@pytest.fixture
def wanted() -> Expected:
    return Expected(embedded_digest(FUNCTION))


def spoil(path: str, times: int, answer: dict[str, object] | type[Cut], status: int = 200):
    """A hook that answers so for the first `times` requests to `path`."""
    seen: list[Request] = []

    def before(request: Request) -> Answer | None:
        if request.path != path or len(seen) >= times:
            return None
        seen.append(request)
        if answer is Cut:
            raise Cut
        return Answer(status, json.dumps(answer).encode())

    return before


def test_a_good_function_passes_with_copy_whose_checks_all_passed(
    wire: Wire, wanted: Expected
) -> None:
    passed = smoke(Endpoint(wire.url, wire.url), wanted, BOUNDS)
    assert passed.digest == wanted.digest
    assert passed.text
    assert 0 < passed.seconds < BOUNDS.seconds
    asked = [request.path for request in wire.passed]
    assert asked[:3] == ["/health", "/info", "/v1/templates"]
    assert asked.count("/v1/copy") >= 2


@pytest.mark.parametrize(
    "hook",
    [
        spoil("/health", 2, {"status": "loading"}),
        spoil("/health", 2, Cut),
        spoil("/v1/copy", 2, {"title": "not loaded"}, 503),
        spoil("/info", 2, {"release": None}),
    ],
)
def test_a_cold_start_takes_several_tries(wire: Wire, wanted: Expected, hook) -> None:
    wire.before = hook
    assert smoke(Endpoint(wire.url, wire.url), wanted, BOUNDS).digest == wanted.digest


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/health", {"status": "failing"}, "/health: failing"),
        ("/info", {"release": {"digest": "0" * 64, "degraded": False}}, "serves release 0000"),
        ("/v1/copy", {"variants": [], "model": {"digest": "1" * 64}}, "written by release 1111"),
        ("/v1/copy", {"nothing": 1}, "/v1/copy: Object missing required field"),
        ("/v1/templates", {"templates": []}, "no copy passed all its checks"),
    ],
)
def test_a_function_that_is_not_good_fails_and_says_why(
    wire: Wire, wanted: Expected, path: str, answer: dict[str, object], reason: str
) -> None:
    wire.before = spoil(path, 1000, answer)
    with pytest.raises(DeployError, match=f"failed 3 smoke tests; the last: .*{reason}"):
        smoke(Endpoint(wire.url, wire.url), wanted, BOUNDS)


def test_copy_that_fails_a_check_is_not_enough(wire: Wire, wanted: Expected) -> None:
    checks = {"finished": True, "names_product": False}
    copy = {"variants": [{"text": "x", "checks": checks}], "model": {"digest": wanted.digest}}
    wire.before = spoil("/v1/copy", 1000, copy)
    with pytest.raises(DeployError, match=r"no copy passed .* failed \['names_product'\]"):
        smoke(Endpoint(wire.url, wire.url), wanted, BOUNDS)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_degraded_function_passes_only_where_no_release_was_published(
    wire: Wire, wanted: Expected, allowed: bool
) -> None:
    release = {"digest": wanted.digest, "degraded": True, "trouble": "no pointer"}
    wire.before = spoil("/info", 1000, {"release": release})
    endpoint, expected = Endpoint(wire.url, wire.url), Expected(wanted.digest, allowed)
    if allowed:
        assert smoke(endpoint, expected, BOUNDS).text
    else:
        with pytest.raises(DeployError, match="serves degraded: no pointer"):
            smoke(endpoint, expected, BOUNDS)


def test_copy_that_takes_too_long_fails(wire: Wire, wanted: Expected) -> None:
    wire.after = lambda request: time.sleep(0.3) if request.path == "/v1/copy" else None
    with pytest.raises(DeployError, match=r"the quickest of 3 took \d+\.\d\d s, above 0\.2 s"):
        smoke(Endpoint(wire.url, wire.url), wanted, Bounds(seconds=0.2, tries=1))


def test_nobody_listening_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(DeployError, match=f"{url}: failed 3 .*refused"):
        wait_until_healthy(Endpoint(url, url), BOUNDS)


def test_the_main_url_may_be_waking_up_while_the_candidate_is_watched(wire: Wire) -> None:
    wire.before = spoil("/health", 2, {"status": "loading"})
    wait_until_healthy(Endpoint(wire.url, wire.url), BOUNDS)
    assert len(wire.passed) == 1


def test_a_private_function_is_asked_with_the_identity_of_the_account(
    server: Server, wanted: Expected, tmp_path: Path
) -> None:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    token = f"{part({'alg': 'RS256'})}.{part({'exp': time.time() + 3600})}.c2ln"
    audiences = []

    class Metadata(Handler):
        """Google's metadata server: identity tokens, as text."""

        def handle_one(self, method: str, body: bytes) -> tuple[int, bytes]:
            if "/identity?" in self.path:
                audiences.append(self.path)
                self.content_type = "text/plain"
                return 200, token.encode()
            self.content_type = "application/json"
            return 200, b'{"email": "deploy@example.com", "scopes": []}'

        def end_headers(self) -> None:
            self.send_header("Metadata-Flavor", "Google")
            super().end_headers()

    class Private(Handler):
        """Cloud Run: answers 403 to those that it does not know."""

        def handle_one(self, method: str, body: bytes) -> tuple[int, bytes]:
            if self.headers.get("Authorization") != f"Bearer {token}":
                return 403, b"forbidden"
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request(method, self.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            return answer.status, content

    program = (
        "import sys; from deploy.smoke import *\n"
        "endpoint = Endpoint(sys.argv[1], 'https://tinycopy.example')\n"
        "print(smoke(endpoint, Expected(sys.argv[2]), Bounds(30, 2, 0.1)).digest)"
    )
    with serving(Metadata) as metadata, serving(Private) as private:
        host = metadata.removeprefix("http://")
        told = subprocess.run(
            [sys.executable, "-c", program, private, wanted.digest],
            env=os.environ | {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert told.stdout.strip() == wanted.digest, told.stderr
    assert len(audiences) == 1
    assert "audience=https%3A%2F%2Ftinycopy.example" in audiences[0]
