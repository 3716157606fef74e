"""What is wrong with a bucket, its credentials or its pointer is said with what to do."""

from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from distill.publish import main
from tests.distill.publishing import POINTER, publish, uri
from tests.wire import Answer, Wire


def test_a_missing_bucket_is_named(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", str(next(iter(releases))), "gs://no-such-bucket"]) == 1
    error = capsys.readouterr().err
    assert "gs://no-such-bucket: not found" in error


def test_a_denied_write_names_the_object_and_the_role(
    wire: Wire,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, one = next(iter(releases.items()))
    wire.before = lambda request: Answer(403) if request.method == "POST" else None
    assert publish(bucket, first) == 1
    error = capsys.readouterr().err
    assert f"{uri(bucket)}/students/{one}/" in error
    assert "roles/storage.objectAdmin" in error


def test_missing_credentials_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    assert main(["list", "gs://some-bucket"]) == 1
    assert "gcloud auth application-default login" in capsys.readouterr().err


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"digest": "short"}'])
def test_a_malformed_pointer_is_left_alone_and_named(
    raw: bytes,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket.blob(POINTER).upload_from_string(raw)
    assert publish(bucket, next(iter(releases))) == 1
    assert f"{uri(bucket)}/{POINTER} is malformed" in capsys.readouterr().err
    assert bucket.blob(POINTER).download_as_bytes() == raw


@pytest.mark.parametrize("word", ["bucket", "gs://", "gs://Bucket", "gs://bucket/folder"])
def test_a_bucket_is_written_as_gs_uri(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", word]) == 1
    assert "write it as gs://bucket" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["publish", "promote", "rollback", "list", "prune"])
def test_help_explains_each_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "a reader sees the old release or the new one" in capsys.readouterr().out
