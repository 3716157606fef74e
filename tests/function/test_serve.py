"""`make serve`: the script that starts the function here and shows how to ask it for copy."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.function.server import Server, deployable, listens, until
from tests.gcs import free_port


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("serve") / "function"
    deployable(directory)
    return directory


def command(deployed: Path, port: int) -> list[str]:
    return [sys.executable, str(deployed / "serve.py"), "--port", str(port)]


@contextlib.contextmanager
def serving(deployed: Path) -> Iterator[Server]:
    """serve.py in a process group of its own, as in a terminal; killed if it outlives the block."""
    port = free_port()
    output = deployed.parent / f"{port}.out"
    with output.open("wb") as out:
        process = subprocess.Popen(
            command(deployed, port),
            env=os.environ | {"PYTHONPATH": str(deployed), "OMP_NUM_THREADS": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: process.poll() is not None or "Ctrl-C" in output.read_text())
        assert process.poll() is None, output.read_text()
        yield Server(port, output, output, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def test_the_printed_command_gets_copy_from_the_function(deployed: Path) -> None:
    with serving(deployed) as server:
        text = server.output.read_text()
        words = shlex.split(
            text[text.index("curl ") : text.index("Stop with")].replace("\\\n", " ")
        )
        url, body = words[2], words[words.index("-d") + 1]
        assert url == f"http://localhost:{server.port}/v1/copy"
        assert server.ask("POST", "/v1/copy", json.loads(body)).status == 200


@pytest.mark.parametrize("whole_group", [True, False], ids=["ctrl-c", "sigterm"])
def test_stopping_it_leaves_no_server_behind(deployed: Path, whole_group: bool) -> None:
    with serving(deployed) as server:
        if whole_group:
            os.killpg(server.process.pid, signal.SIGINT)
        else:
            server.process.terminate()
        assert server.process.wait(timeout=20) == 0
        assert not listens(server.port)
        assert "Traceback" not in server.output.read_text()


def test_a_port_in_use_is_named_with_a_way_out(deployed: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = subprocess.run(command(deployed, port), capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr
    assert f"make serve PORT={port + 1}" in result.stderr


def test_a_function_that_cannot_start_ends_the_script(deployed: Path, tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text((deployed / "serve.py").read_text())
    (tmp_path / "main.py").write_text("raise RuntimeError('broken on purpose')\n")
    result = subprocess.run(
        command(tmp_path, free_port()), capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    assert "broken on purpose" in result.stderr
    assert "did not start" in result.stderr
