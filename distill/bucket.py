"""Releases in Cloud Storage as readers see them: students/<digest>/ and students/current.json.

What readers load is written only with a precondition, so nothing is overwritten by accident. Not
covered here: what to publish, promote or prune, and how the function reads.
"""

import base64
import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import google_crc32c
import msgspec
import requests
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RetryError,
    Unauthorized,
)
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud import storage  # type: ignore[import-untyped]

from tinycopy.manifest import (
    FILES,
    MANIFEST,
    Digest,
    ReleaseError,
    digest,
    parse,
    verify,
)
from tinycopy.release import POINTER

STUDENTS = "students/"
PRUNING = "pruning"  # students/<digest>/pruning: prune has chosen this release, never promote it
BUCKET_URI = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/?")


Progress = Callable[[int], object]  # is told the bytes of each file that was verified


class PublishError(Exception):
    """Publishing stopped; the message names the object or file and says what to do."""


class LostRace(PublishError):  # noqa: N818 - it names what happened, as the message does
    """Someone else moved the pointer between our reading and our writing it."""


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """students/current.json: the release that is served, and the one served before it."""

    digest: Digest
    promoted_at: str
    previous: Digest | None

    @property
    def named(self) -> frozenset[str]:
        """The digests that a reader may still ask for."""
        return frozenset({self.digest} | ({self.previous} if self.previous else set()))


@dataclass(frozen=True)
class Seen:
    """The pointer as read, and the generation of its object: None and 0 where there is none yet."""

    pointer: Pointer | None
    generation: int


@contextlib.contextmanager
def opened(uri: str) -> Iterator[storage.Bucket]:
    """The bucket at gs://name, by the machine's credentials (none with STORAGE_EMULATOR_HOST)."""
    found = BUCKET_URI.fullmatch(uri)
    if not found:
        raise PublishError(f"{uri!r} is not a bucket: write it as gs://bucket")
    with explained(uri):
        client = storage.Client(project=None)
    try:
        yield client.bucket(found[1])
    finally:
        client.close()


def place(bucket: storage.Bucket, name: str) -> str:
    """gs://bucket/name, for messages."""
    return f"gs://{bucket.name}/{name}"


@contextlib.contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns what Cloud Storage answers about `where` (gs://...) into a PublishError that helps."""
    try:
        yield
    except DefaultCredentialsError as error:
        raise PublishError(
            f"{where}: no credentials: run `gcloud auth application-default login`, or set"
            " GOOGLE_APPLICATION_CREDENTIALS to a key file"
        ) from error
    except (Unauthorized, Forbidden) as error:
        raise PublishError(
            f"{where}: permission denied ({error.code}): grant roles/storage.objectAdmin on the"
            " bucket to this account"
        ) from error
    except NotFound as error:
        raise PublishError(f"{where}: not found: is the bucket's name right?") from error
    except GoogleAPICallError as error:
        raise PublishError(f"{where}: {error}: run the command again") from error
    except (GoogleAuthError, RetryError, requests.RequestException) as error:
        raise PublishError(f"{where}: {error}: check the network and run again") from error


def read(bucket: storage.Bucket, name: str) -> tuple[bytes, int] | None:
    """An object's bytes (crc32c checked on the way) and generation; None if there is none."""
    blob = bucket.blob(name)
    with explained(place(bucket, name)):
        try:
            content = blob.download_as_bytes()
        except NotFound:
            return None
    return content, int(blob.generation)


def read_pointer(bucket: storage.Bucket) -> Seen:
    """The pointer. Raises PublishError if it is malformed or the bucket does not exist."""
    found = read(bucket, POINTER)
    if found is None:
        # An absent object and an absent bucket are both 404; listing tells them apart.
        with explained(f"gs://{bucket.name}"):
            list(bucket.list_blobs(prefix=STUDENTS, max_results=1))
        return Seen(pointer=None, generation=0)
    raw, generation = found
    try:
        return Seen(pointer=msgspec.json.decode(raw, type=Pointer), generation=generation)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        where = place(bucket, POINTER)
        raise PublishError(
            f"{where} is malformed ({error}): readers serve their embedded release until you delete"
            f" it (`gcloud storage rm {where}`) and promote a release again"
        ) from error


def write_pointer(bucket: storage.Bucket, seen: Seen, pointer: Pointer) -> None:
    """Replaces the pointer that was seen. Raises LostRace if it has been written since."""
    blob = bucket.blob(POINTER)
    blob.cache_control = "no-store"  # or a public bucket's caches serve the old pointer for an hour
    raw = msgspec.json.encode(pointer)
    with explained(place(bucket, POINTER)):
        try:
            blob.upload_from_string(raw, "application/json", if_generation_match=seen.generation)
        except PreconditionFailed as error:
            now = read_pointer(bucket).pointer
            winner = f"{now.digest} (promoted {now.promoted_at})" if now else "nothing"
            raise LostRace(
                f"{place(bucket, POINTER)}: someone else moved it to {winner} in the meantime."
                f" {pointer.digest} is in the bucket, verified, but not served: if it should be"
                f" after all, run `tinycopy promote {pointer.digest} gs://{bucket.name}`"
            ) from error


def upload(bucket: storage.Bucket, name: str, content: bytes) -> None:
    """Writes an object that is not there yet; one that is there must have the same bytes."""
    where = place(bucket, name)
    kind = "application/json" if name.endswith(".json") else "application/octet-stream"
    with explained(where):
        blob = bucket.get_blob(name)
        if blob is None:
            try:
                bucket.blob(name).upload_from_string(content, kind, if_generation_match=0)
            except PreconditionFailed:  # another publisher of the same release came first
                blob = bucket.get_blob(name)
            else:
                return
    crc32c = base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()
    if blob is None or (blob.size, blob.crc32c) != (len(content), crc32c):
        raise PublishError(
            f"{where} exists with other bytes than this release's: something else wrote or removed"
            f" it. Delete it (`gcloud storage rm {where}`) and publish again"
        )


def refuse_pruned(bucket: storage.Bucket, wanted: str) -> None:
    """Raises PublishError if prune has chosen the release, even if all its files are there yet."""
    prefix = f"{STUDENTS}{wanted}/"
    if read(bucket, prefix + PRUNING) is not None:
        raise PublishError(
            f"{place(bucket, prefix)} is being pruned: run `tinycopy prune gs://{bucket.name}` to"
            " finish that, then publish the release again"
        )


def verify_release(bucket: storage.Bucket, wanted: str, progress: Progress) -> None:
    """Reads back all of students/<wanted>/. Raises PublishError unless a reader can load it."""
    refuse_pruned(bucket, wanted)
    try:
        _verify_bytes(bucket, wanted, progress)
    except ReleaseError as error:
        raise PublishError(
            f"{place(bucket, STUDENTS + wanted)}/ must not be served: {error}. Delete the object,"
            " if it is there, and publish the release again"
        ) from error


def _verify_bytes(bucket: storage.Bucket, wanted: str, progress: Progress) -> None:
    raw = _content(bucket, wanted, MANIFEST)
    if digest(raw) != wanted:
        raise ReleaseError(f"{MANIFEST}: its sha256 is {digest(raw)}")
    manifest = parse(raw)
    progress(len(raw))
    for name in FILES:
        content = _content(bucket, wanted, name)
        verify(manifest, name, content)
        progress(len(content))


def _content(bucket: storage.Bucket, wanted: str, name: str) -> bytes:
    found = read(bucket, f"{STUDENTS}{wanted}/{name}")
    if found is None:
        raise ReleaseError(f"{name}: missing")
    return found[0]


def move(bucket: storage.Bucket, seen: Seen, wanted: str, progress: Progress) -> Pointer:
    """Verifies a release, then points at it. Raises LostRace if another release was promoted.

    `seen` must have been read before: verifying after reading is what keeps prune out.
    """
    while True:
        verify_release(bucket, wanted, progress)
        previous = seen.pointer.digest if seen.pointer else None
        promoted_at = datetime.now(UTC).isoformat()
        pointer = Pointer(digest=wanted, promoted_at=promoted_at, previous=previous)
        try:
            write_pointer(bucket, seen, pointer)
        except LostRace:
            now = read_pointer(bucket)
            if now.pointer and now.pointer.digest == wanted:
                # The winner promoted the same release; or it was us, and the answer was lost.
                return now.pointer
            if now.pointer != seen.pointer:
                raise
            # Prune rewrote the same pointer to say that it chose its victims: look again.
            seen = now
        else:
            return pointer
