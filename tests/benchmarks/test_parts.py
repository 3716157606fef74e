"""The real parts: the proxy with delay, functions that run, results on disk."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import cold, results, served
from benchmarks.delay import delayed
from benchmarks.load import closed_loop, examples
from benchmarks.machine import machine
from benchmarks.served import MIB, Source, Watch, installed_bytes, started
from tests.function.server import deployable
from tinycopy.encoding import PRODUCT

BLOCK = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A function with a tiny student that writes the product's name and nothing else."""
    directory = tmp_path_factory.mktemp("benchmark") / "function"
    deployable(directory, only=PRODUCT)
    return Source("tiny", Path(sys.executable), directory)


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what comes, for each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while chunk := connection.recv(1 << 16):
                        connection.sendall(chunk)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def exchange(connection: socket.socket, content: bytes) -> float:
    """Seconds until all of the content has come back."""
    start = time.perf_counter()
    sending = threading.Thread(target=connection.sendall, args=(content,))
    sending.start()
    back = bytearray()
    while len(back) < len(content):
        back += connection.recv(1 << 16)
    sending.join()
    assert back == content
    return time.perf_counter() - start


def test_each_round_trip_takes_the_delay_and_a_connection_one_more(echo: int) -> None:
    with (
        delayed(echo, 0.1) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        assert exchange(connection, b"first") >= 0.2
        assert exchange(connection, b"second") >= 0.1


def test_the_delay_takes_no_throughput(echo: int) -> None:
    with (
        delayed(echo, 0.2) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        exchange(connection, b"first")
        blocks = len(BLOCK) // (1 << 16)
        assert exchange(connection, BLOCK) < blocks * 0.2


def test_a_function_is_asked_watched_and_stopped(source: Source) -> None:
    with served.apart() as cpu, started(source, cpu) as server, Watch(server) as watch:
        seconds, answer = server.first_answer(served.EXAMPLE)
        assert answer["model"]["source"] == "embedded"
        assert len(examples(server)) >= 5
        load = closed_loop(server, [served.EXAMPLE], concurrency=4, requests=12)
        assert len(load.answers) == 12
        assert all(0 < answer.seconds < load.seconds for answer in load.answers)
        assert load.cpu > 0
        now = server.memory()
    assert seconds > 0
    assert 10 * MIB < now.pss < now.rss
    assert watch.peak.rss >= 0.9 * now.rss
    assert server.process.poll() is not None
    assert not watch.killed


def test_a_function_past_its_memory_is_killed(source: Source) -> None:
    with (
        served.apart() as cpu,
        started(source, cpu) as server,
        Watch(server, limit=20 * MIB) as watch,
    ):
        with pytest.raises((RuntimeError, OSError)):
            server.first_answer(served.EXAMPLE)
            closed_loop(server, [served.EXAMPLE], concurrency=1, requests=10_000)
        assert server.process.wait(timeout=10)
    assert watch.killed


def test_a_refusal_under_load_fails_the_measurement(source: Source) -> None:
    with served.apart() as cpu, started(source, cpu) as server:
        server.first_answer(served.EXAMPLE)
        with pytest.raises(RuntimeError, match="422"):
            closed_loop(server, [{"type": "slogan"}], concurrency=2, requests=4)


def test_cold_starts_are_measured_saved_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cold, "serving_python", lambda: Path(sys.executable))
    cold.main(["--spawns", "1", "--marked", "1", "--out", str(tmp_path)])
    found = results.read("cold", cold.Cold, tmp_path)
    for side, total in found.total.items():
        assert sum(s.median for s in found.stages[side].values()) == pytest.approx(total.median)
        assert found.stages[side]["generate"].least > 0
    # 30 ms for each of a connection and six objects.
    assert found.stages["far"]["fetch"].least > 0.18 > found.stages["embedded"]["fetch"].least
    assert (tmp_path / "cold.png").stat().st_size > 1000
    assert found.release[:8] in (tmp_path / "cold.json").read_text()
    assert "bucket, 30 ms" in cold.tables(found)


def test_installed_bytes_belong_to_packages(tmp_path: Path) -> None:
    for name, size in {
        "one/a.py": 5,
        "one-1.0.dist-info/RECORD": 3,
        "two.py": 2,
        "pip/x": 9,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert installed_bytes(tmp_path) == {"one": 8, "two": 2}


def test_the_machine_says_what_it_is() -> None:
    here = machine(served.ROOT)
    assert here.cpus >= 1
    assert {"ctranslate2", "functions-framework"} <= set(here.packages)
    assert here.cpu in here.summary
