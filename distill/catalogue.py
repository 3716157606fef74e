"""What a bucket holds below students/: releases, unfinished uploads, releases being pruned."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from google.cloud import storage  # type: ignore[import-untyped]

from distill.bucket import (
    PRUNING,
    STUDENTS,
    Pointer,
    PublishError,
    explained,
    place,
    read,
    read_pointer,
)
from tinycopy.manifest import DIGEST, FILES, MANIFEST, Manifest, ReleaseError, parse
from tinycopy.release import POINTER

SHORT = 12  # digits of a digest that `list` shows; any unique start of a digest names its release


@dataclass(frozen=True)
class Held:
    """The objects below students/<digest>/."""

    digest: str
    bytes: int
    names: frozenset[str]
    published_at: datetime | None  # when its manifest was uploaded; None: an unfinished upload
    changed_at: datetime  # when its newest object was written
    pruning: int | None  # the generation of the mark that prune left; None: not being pruned

    @property
    def complete(self) -> bool:
        """Whether every file is there (not whether its bytes are right)."""
        return self.names.issuperset({MANIFEST, *FILES}) and self.pruning is None


@dataclass(frozen=True)
class Listed:
    """A line of `tinycopy list`: `mark` is current, previous, pruning, unfinished or empty."""

    digest: str
    mark: str
    bytes: int
    created_at: str
    scores: dict[str, float]
    problem: str


def holdings(bucket: storage.Bucket) -> tuple[Held, ...]:
    """Everything below students/ that is named by a digest, the newest first."""
    blobs = defaultdict(list)
    with explained(f"gs://{bucket.name}"):
        for blob in bucket.list_blobs(prefix=STUDENTS):
            name, _, rest = blob.name.removeprefix(STUDENTS).partition("/")
            if DIGEST.fullmatch(name) and rest:
                blobs[name].append((rest, blob))
    found = []
    for name, objects in blobs.items():
        by_name = dict(objects)
        manifest, mark = by_name.get(MANIFEST), by_name.get(PRUNING)
        held = Held(
            digest=name,
            bytes=sum(blob.size for _, blob in objects),
            names=frozenset(by_name),
            published_at=manifest.time_created if manifest else None,
            changed_at=max(blob.time_created for _, blob in objects),
            pruning=int(mark.generation) if mark else None,
        )
        found.append(held)
    return tuple(sorted(found, key=lambda held: held.published_at or held.changed_at, reverse=True))


def find(bucket: storage.Bucket, start: str) -> str:
    """The digest that begins with `start`. Raises PublishError unless there is exactly one."""
    found = [held.digest for held in holdings(bucket) if held.digest.startswith(start)]
    if len(found) != 1:
        what = f"{len(found)} releases begin" if found else "no release begins"
        raise PublishError(
            f"{place(bucket, STUDENTS)}: {what} with {start!r}: see `tinycopy list gs://{bucket.name}`"
        )
    return found[0]


def listed(bucket: storage.Bucket) -> tuple[Listed, ...]:
    """The lines of `tinycopy list`, the newest first; a pointer to nothing is a line too."""
    held = holdings(bucket)
    pointer = read_pointer(bucket).pointer
    lines = [_line(bucket, one, pointer) for one in held]
    if pointer and pointer.digest not in {one.digest for one in held}:
        problem = f"{POINTER} names it, but it is not here: roll back"
        lines.append(Listed(pointer.digest, "current", 0, "", {}, problem))
    return tuple(lines)


def _line(bucket: storage.Bucket, held: Held, pointer: Pointer | None) -> Listed:
    manifest, problem = _manifest(bucket, held)
    mark = ""
    if pointer and held.digest in pointer.named:
        mark = "current" if held.digest == pointer.digest else "previous"
    elif not held.complete:
        mark = "pruning" if held.pruning else "unfinished"
    return Listed(
        digest=held.digest,
        mark=mark,
        bytes=held.bytes,
        created_at=manifest.created_at if manifest else "",
        scores=manifest.scores if manifest else {},
        problem=problem,
    )


def _manifest(bucket: storage.Bucket, held: Held) -> tuple[Manifest | None, str]:
    """The manifest, or why it cannot be read; what is wrong with one must not hide the others."""
    missing = sorted({MANIFEST, *FILES} - held.names)
    problem = f"missing: {', '.join(missing)}" if missing else ""
    found = read(bucket, f"{STUDENTS}{held.digest}/{MANIFEST}") if held.published_at else None
    if found is None:
        return None, problem
    try:
        return parse(found[0]), problem
    except ReleaseError as error:
        return None, str(error)


def table(lines: tuple[Listed, ...]) -> str:
    """The lines as aligned text: digest, mark, megabytes, creation, scores or what is wrong."""
    head = ("DIGEST", "", "MB", "CREATED", "SCORES")
    rows = [head] + [
        (
            line.digest[:SHORT],
            line.mark,
            f"{line.bytes / 1e6:.1f}",
            line.created_at[:16],
            line.problem or " ".join(f"{name}={score:g}" for name, score in line.scores.items()),
        )
        for line in lines
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip()
        for row in rows
    )
