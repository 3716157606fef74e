"""Prune: delete old releases and abandoned uploads, and leave no reader with half of one.

Four steps, each safe to crash after. (1) Mark every victim with students/<digest>/pruning. (2)
Rewrite the pointer as it is: whoever read it before the marks were there loses the race for it, and
whoever reads it later finds the marks and refuses to promote a victim. (3) Delete each manifest
before its files: a reader that comes by digest finds no release rather than half of one. A reader
that holds the manifest of a release that has not been served for two promotions, yet downloads it
still, misses a file, which it treats as any failed download. (4) Delete the mark last, so that a
crash leaves work that the next prune finishes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud import storage  # type: ignore[import-untyped]

from distill.bucket import (
    PRUNING,
    STUDENTS,
    LostRace,
    Pointer,
    PublishError,
    explained,
    place,
    read_pointer,
    write_pointer,
)
from distill.catalogue import Held, holdings
from tinycopy.manifest import MANIFEST

ABANDONED = timedelta(days=1)  # an upload takes minutes; an older one without manifest has crashed
ATTEMPTS = 5
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Pruned:
    """What was deleted (or would be), and how many bytes that frees."""

    digests: tuple[str, ...]
    bytes: int


def prune(bucket: storage.Bucket, *, keep: int, dry_run: bool, now: datetime) -> Pruned:
    """Deletes all but the `keep` newest releases and what the pointer names.

    now: the `bucket_time`. Raises PublishError if there is no pointer, LostRace if it keeps moving
    meanwhile.
    """
    for _ in range(ATTEMPTS):
        # Listed before the pointer is read: a mark seen on a release that the pointer names is then
        # a leftover, for nobody could promote the release once the mark counted.
        held = holdings(bucket)
        seen = read_pointer(bucket)
        if seen.pointer is None:
            raise PublishError(
                f"gs://{bucket.name} has no current release, so nothing says what to keep: run"
                f" `tinycopy promote DIGEST gs://{bucket.name}` first"
            )
        chosen = victims(held, seen.pointer, keep, now)
        pruned = Pruned(
            digests=tuple(one.digest for one in chosen), bytes=sum(one.bytes for one in chosen)
        )
        if dry_run or not chosen:
            return pruned
        _unmark(bucket, held, seen.pointer)
        for one in chosen:
            _mark(bucket, one)
        try:
            write_pointer(bucket, seen, seen.pointer)
        except LostRace:
            continue
        for one in chosen:
            _delete(bucket, one)
        return pruned
    raise LostRace(
        f"gs://{bucket.name}: the current release kept changing; nothing was deleted. Run"
        " `tinycopy prune` again when nobody is publishing"
    )


def bucket_time(bucket: storage.Bucket) -> datetime:
    """The time by the clock that dates the bucket's objects: this machine's may be wrong.

    It is in the head of any answer, so that credentials are not needed. Raises PublishError.
    """
    where = f"gs://{bucket.name}"
    url = f"{bucket.client.api_endpoint}/storage/v1{bucket.path}"
    with explained(where):
        answer = requests.get(url, timeout=ANSWER_SECONDS)
    if "Date" not in answer.headers:
        raise PublishError(f"{where}: the answer has no Date: is a proxy in between?")
    return parsedate_to_datetime(answer.headers["Date"])


def victims(held: tuple[Held, ...], pointer: Pointer, keep: int, now: datetime) -> tuple[Held, ...]:
    """What to delete of `held` (the newest first), never what the pointer names."""
    releases = [one for one in held if one.published_at and one.pruning is None]
    old = {one.digest for one in releases[keep:]}
    return tuple(
        one
        for one in held
        if one.digest not in pointer.named
        and (
            one.digest in old
            or one.pruning is not None
            or (one.published_at is None and now - one.changed_at > ABANDONED)
        )
    )


def _unmark(bucket: storage.Bucket, held: tuple[Held, ...], pointer: Pointer) -> None:
    """Removes the marks of a prune that lost its race from releases that were promoted since."""
    for one in held:
        if one.pruning is not None and one.digest in pointer.named:
            name = f"{STUDENTS}{one.digest}/{PRUNING}"
            # Only the mark that was listed: another prune may have put a newer one there by now.
            _delete_object(bucket, name, if_generation_match=one.pruning)


def _mark(bucket: storage.Bucket, one: Held) -> None:
    name = f"{STUDENTS}{one.digest}/{PRUNING}"
    with explained(place(bucket, name)):
        # Without a precondition: a mark that is there already must get a new generation, so that
        # nobody who listed the old one removes it.
        bucket.blob(name).upload_from_string(b"", "application/octet-stream")


def _delete(bucket: storage.Bucket, one: Held) -> None:
    files = sorted(one.names - {MANIFEST, PRUNING})
    for name in (MANIFEST, *files, PRUNING):
        _delete_object(bucket, f"{STUDENTS}{one.digest}/{name}")


def _delete_object(
    bucket: storage.Bucket, name: str, *, if_generation_match: int | None = None
) -> None:
    with explained(place(bucket, name)):
        try:
            bucket.blob(name).delete(if_generation_match=if_generation_match)
        except (NotFound, PreconditionFailed):
            return  # another prune was here
