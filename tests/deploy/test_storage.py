"""Uploading the zip under its content's name."""

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


@pytest.mark.parametrize("words", [["upload", "absent.zip", "gs://b-b"], ["upload", "x", "b"]])
def test_what_cannot_be_uploaded_is_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["deploy", *words]) == 1
    assert words[1] in capsys.readouterr().err
