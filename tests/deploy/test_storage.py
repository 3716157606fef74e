"""Uploading the zip under its content's name."""

from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from deploy.errors import DeployError
from deploy.storage import object_name, opened, pointed, upload
from distill import cli
from tests.wire import Wire, wired


def test_the_same_zip_is_uploaded_once_with_a_precondition(
    bucket: storage.Bucket, gcs_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wired(gcs_server) as wire:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", wire.url)
        with opened(f"gs://{bucket.name}") as source:
            assert upload(source, b"zip")
            assert not upload(source, b"zip")
        assert _uploads(wire)
        assert all("ifGenerationMatch=0" in path for path in _uploads(wire))
    blob = bucket.get_blob(object_name(b"zip"))
    assert blob.download_as_bytes() == b"zip"
    assert blob.content_type == "application/zip"


def _uploads(wire: Wire) -> list[str]:
    return [request.path for request in wire.passed if request.method == "POST"]


def test_other_bytes_under_the_name_are_never_overwritten_nor_deployed(
    bucket: storage.Bucket,
) -> None:
    bucket.blob(object_name(b"zip")).upload_from_string(b"something else")
    with pytest.raises(DeployError, match="holds other bytes than its name says"):
        upload(bucket, b"zip")
    assert bucket.blob(object_name(b"zip")).download_as_bytes() == b"something else"


def test_a_damaged_pointer_is_told(bucket: storage.Bucket) -> None:
    assert pointed(bucket) is None
    bucket.blob("students/current.json").upload_from_string(b"{}")
    with pytest.raises(DeployError, match=r"students/current\.json: .*promote a release again"):
        pointed(bucket)


def test_what_cannot_be_uploaded_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zipped = tmp_path / "function.zip"
    assert cli.main(["deploy", "upload", str(zipped), "gs://bucket"]) == 1
    assert f"{zipped}: No such file or directory: run" in capsys.readouterr().err
    zipped.write_bytes(b"zip")
    assert cli.main(["deploy", "upload", str(zipped), "no-bucket"]) == 1
    assert "'no-bucket' is not a bucket: write it as gs://bucket" in capsys.readouterr().err
