"""A bucket that is not as it should be when the function starts: the embedded release serves.

Most tests kill the worker of one function: the next one starts with nothing, as any does.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import Place
from tests.faults.spoiling import FILE_FAULTS, NAMES, POINTER, POINTER_FAULTS, spoil
from tests.faults.workers import kill_worker
from tests.function.releases import EMBEDDED, FIRST
from tests.function.server import Server, deployable, is_problem, running, until
from tests.tiny_release import make_release, write_manifest


def serves_the_embedded_release(server: Server, digest: str, said: str) -> None:
    """It does, and says what is wrong with the bucket's."""
    reply = server.copy()
    assert reply.status == 200
    assert reply.json["model"] == {"digest": digest, "source": "embedded", "degraded": True}
    release = server.ask("GET", "/info").json["release"]
    assert (release["digest"], release["degraded"]) == (digest, True)
    assert re.search(said, release["trouble"]), release["trouble"]
    assert server.ask("GET", "/health").json == {"status": "ready"}


@pytest.mark.parametrize("name", POINTER_FAULTS)
def test_a_pointer_that_cannot_be_read_at_a_start_means_the_embedded_release(
    server: Server, place: Place, name: str
) -> None:
    fault, said = POINTER_FAULTS[name]
    spoil(place.wire, POINTER, fault)
    kill_worker(server)
    serves_the_embedded_release(server, place.digests[EMBEDDED], said)


@pytest.mark.parametrize("name", ["shorter", "longer", "one bit", "404", "500"])
@pytest.mark.parametrize("file", NAMES)
def test_a_bad_file_at_a_start_means_the_embedded_release_and_is_named(
    server: Server, place: Place, file: str, name: str
) -> None:
    fault, said = FILE_FAULTS[name]
    wanted = f"students/{place.digests[FIRST]}/{file}"
    spoil(place.wire, wanted, fault, place.bucket.blob(wanted).download_as_bytes())
    kill_worker(server)
    said = f"(^|/){re.escape(file)}: .*({said})"
    serves_the_embedded_release(server, place.digests[EMBEDDED], said)


def test_files_that_are_no_model_mean_the_embedded_release(
    server: Server, place: Place, tmp_path: Path
) -> None:
    """Each is as the manifest says."""
    make_release(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model")
    digest = write_manifest(tmp_path)
    place.upload(tmp_path, digest)
    place.point(digest)
    kill_worker(server)
    serves_the_embedded_release(server, place.digests[EMBEDDED], "^model.bin: ")


def test_a_bucket_that_is_down_means_the_embedded_release_and_without_that_a_503(
    tmp_path: Path,
) -> None:
    source = tmp_path / "function"
    digest = deployable(source)
    embedded = source / "tinycopy" / "embedded"
    shutil.move(embedded, tmp_path / "aside")
    environ = {
        "MODEL_URI": "gs://some-bucket",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
        "MODEL_REFRESH_SECONDS": "0.1",
    }
    with running(source, **environ) as server:
        reply = server.copy()
        assert is_problem(reply, 503, "not-loaded")
        assert int(reply.headers["Retry-After"]) >= 1
        assert server.ask("GET", "/info").json["release"] is None
        assert server.ask("GET", "/health").json == {"status": "failing"}
        shutil.move(tmp_path / "aside", embedded)
        until(lambda: server.copy().status == 200)
        serves_the_embedded_release(server, digest, "ConnectionRefusedError")
