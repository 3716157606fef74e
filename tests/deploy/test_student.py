"""When a push publishes the embedded student, and when it leaves the pointer alone."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from deploy import student
from deploy.errors import DeployError
from deploy.smoke import Bounds, Endpoint, Expected, Passed
from deploy.storage import opened, pointed
from deploy.student import COMMITTED, publish_committed
from distill.publish import main as publish
from tests.releases import write_release

ENDPOINT = Endpoint("http://127.0.0.1:1", "http://127.0.0.1:1")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Releases that the function was asked for. The function itself is test_pipeline's matter."""
    asked: list[str] = []

    def smoke(endpoint: Endpoint, expected: Expected, bounds: Bounds) -> Passed:
        asked.append(expected.digest)
        return Passed(expected.digest, "copy", 0.1)

    monkeypatch.setattr(student, "smoke", smoke)
    return asked


def commit(source: Path, seed: int) -> str:
    """Another student in the function's directory; its digest."""
    directory = source / "tinycopy" / "embedded"
    if directory.exists():
        directory.rename(source / f"before-{time.monotonic_ns()}")
    return write_release(directory, seed)


def push(bucket: storage.Bucket, source: Path) -> str:
    return publish_committed(bucket, source, publish, ENDPOINT, Bounds())


def test_a_student_is_published_by_the_push_that_brings_it_and_by_no_other(
    bucket: storage.Bucket, tmp_path: Path, served: list[str]
) -> None:
    first = commit(tmp_path, 1)
    assert "is served" in push(bucket, tmp_path)
    assert "no new student" in push(bucket, tmp_path)
    second = commit(tmp_path, 2)
    push(bucket, tmp_path)
    assert pointed(bucket) == second
    assert served == [first, second]


def test_a_push_of_code_leaves_what_people_promoted(
    bucket: storage.Bucket, tmp_path: Path, served: list[str]
) -> None:
    commit(tmp_path, 1)
    push(bucket, tmp_path)
    other = write_release(tmp_path / "other", 9)
    assert publish(["publish", str(tmp_path / "other"), f"gs://{bucket.name}"]) == 0
    push(bucket, tmp_path)
    assert pointed(bucket) == other


def test_a_student_that_comes_back_by_a_revert_is_served_again(
    bucket: storage.Bucket, tmp_path: Path, served: list[str]
) -> None:
    digests = [commit(tmp_path, 1)]
    push(bucket, tmp_path)
    for seed in (2, 1):
        digests.append(commit(tmp_path, seed))
        push(bucket, tmp_path)
        assert pointed(bucket) == digests[-1]
    assert served == [digests[0], digests[1], digests[0]]


def test_a_bucket_that_serves_before_the_first_push_keeps_what_it_serves(
    bucket: storage.Bucket, tmp_path: Path, served: list[str]
) -> None:
    other = write_release(tmp_path / "other", 9)
    publish(["publish", str(tmp_path / "other"), f"gs://{bucket.name}"])
    commit(tmp_path, 1)
    assert "is noted as known" in push(bucket, tmp_path)
    assert pointed(bucket) == other
    second = commit(tmp_path, 2)
    push(bucket, tmp_path)
    assert pointed(bucket) == second


def test_a_student_that_the_function_does_not_serve_well_is_taken_back(
    bucket: storage.Bucket, tmp_path: Path, served: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = commit(tmp_path, 1)
    push(bucket, tmp_path)
    noted = [blob.name for blob in bucket.list_blobs(prefix=COMMITTED)]

    def smoke(endpoint: Endpoint, expected: Expected, bounds: Bounds) -> Passed:
        raise DeployError("serves another release")

    monkeypatch.setattr(student, "smoke", smoke)
    commit(tmp_path, 2)
    with pytest.raises(DeployError, match="serves another release"):
        push(bucket, tmp_path)
    assert pointed(bucket) == first
    assert [blob.name for blob in bucket.list_blobs(prefix=COMMITTED)] == noted


def test_a_publisher_that_fails_fails_the_push(
    bucket: storage.Bucket, tmp_path: Path, served: list[str]
) -> None:
    def refuse(words: Sequence[str]) -> int:
        return 1

    commit(tmp_path, 1)
    with pytest.raises(DeployError, match="was not published"):
        publish_committed(bucket, tmp_path, refuse, ENDPOINT, Bounds())
    assert not served


def test_a_bucket_that_is_not_there_is_named(bucket: storage.Bucket) -> None:
    with (
        pytest.raises(DeployError, match="gs://nobody-has-this"),
        opened("gs://nobody-has-this") as b,
    ):
        pointed(b)
