"""Cloud Storage as a deployment needs it: the source bucket, and the model bucket's pointer."""

import base64
import contextlib
import re
from collections.abc import Iterator

import google_crc32c
import msgspec
from google.api_core.exceptions import GoogleAPICallError, NotFound, PreconditionFailed
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage  # type: ignore[import-untyped]

from deploy.archive import sha256
from deploy.errors import DeployError
from tinycopy.release import POINTER, Pointer

BUCKET_URI = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/?")


@contextlib.contextmanager
def opened(uri: str) -> Iterator[storage.Bucket]:
    """The bucket at gs://name, by the machine's credentials (none with STORAGE_EMULATOR_HOST).

    Raises DeployError, naming the bucket, for whatever Cloud Storage refuses inside the block.
    """
    found = BUCKET_URI.fullmatch(uri)
    if not found:
        raise DeployError(f"{uri!r} is not a bucket: write it as gs://bucket")
    try:
        client = storage.Client(project=None)
        try:
            yield client.bucket(found[1])
        finally:
            client.close()
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise DeployError(
            f"{uri}: {error}: check the bucket's name and this account's roles on it"
        ) from error


def object_name(zipped: bytes) -> str:
    """Where the zip lies in the source bucket: its content names it."""
    return f"source/{sha256(zipped)}.zip"


def upload(bucket: storage.Bucket, zipped: bytes) -> bool:
    """Writes the zip unless it is there; whether it was written. Never overwrites.

    Raises DeployError if the object is there with other bytes.
    """
    name = object_name(zipped)
    try:
        bucket.blob(name).upload_from_string(zipped, "application/zip", if_generation_match=0)
    except PreconditionFailed:
        blob = bucket.get_blob(name)
        crc32c = base64.b64encode(google_crc32c.value(zipped).to_bytes(4, "big")).decode()
        if blob is None or (blob.size, blob.crc32c) != (len(zipped), crc32c):
            where = f"gs://{bucket.name}/{name}"
            raise DeployError(
                f"{where}: holds other bytes than its name says: something else wrote it. Delete it"
                f" (`gcloud storage rm {where}`) and upload again"
            ) from None
        return False
    return True


def pointed(bucket: storage.Bucket) -> str | None:
    """The digest of the release that the bucket's pointer names; None if it has no pointer."""
    content = read(bucket, POINTER)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Pointer).digest
    except msgspec.DecodeError as error:
        raise DeployError(
            f"gs://{bucket.name}/{POINTER}: {error}: promote a release again (docs/publishing.md)"
        ) from error


def read(bucket: storage.Bucket, name: str) -> bytes | None:
    """An object's bytes; None if there is none. Raises NotFound if there is no such bucket."""
    try:
        content: bytes = bucket.blob(name).download_as_bytes()
    except NotFound:
        list(bucket.list_blobs(prefix=name, max_results=1))  # an absent bucket is a 404 too
        return None
    return content
