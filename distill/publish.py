"""Publish a release to Cloud Storage, and choose which release is served.

A release is uploaded under its digest, read back and verified, and only then does the pointer
students/current.json name it: a reader sees the old release or the new one, never half. Credentials
are the machine's own (`gcloud auth application-default login`); STORAGE_EMULATOR_HOST=http://...
leads to an emulator, without credentials.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from google.cloud import storage  # type: ignore[import-untyped]
from tqdm import tqdm

from distill.bucket import (
    STUDENTS,
    Pointer,
    PublishError,
    move,
    opened,
    read_pointer,
    refuse_pruned,
    upload,
    verify_release,
)
from distill.catalogue import SHORT, find, listed, table
from distill.prune import bucket_time, prune
from tinycopy.manifest import FILES, MANIFEST, ReleaseError, digest, parse, verify


@dataclass(frozen=True)
class Local:
    """A release on disk whose every byte agrees with its manifest."""

    digest: str
    files: dict[str, bytes]  # in the order of upload: the manifest last

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(map(len, self.files.values()))


@dataclass(frozen=True)
class Promoted:
    """The pointer after a command, and whether the command moved it."""

    pointer: Pointer
    moved: bool


def load(directory: Path) -> Local:
    """Reads a release. Raises PublishError that names the file which is missing or differs."""
    files = {}
    name = MANIFEST
    try:
        raw = (directory / MANIFEST).read_bytes()
        manifest = parse(raw)
        for name in FILES:
            files[name] = (directory / name).read_bytes()
            verify(manifest, name, files[name])
    except OSError as error:
        raise PublishError(
            f"{directory / name}: {error.strerror}: publish what `tinycopy convert` wrote"
        ) from error
    except ReleaseError as error:
        raise PublishError(f"{directory}: {error}: run `tinycopy convert` again") from error
    return Local(digest=digest(raw), files=files | {MANIFEST: raw})


def publish(bucket: storage.Bucket, release: Local, *, promote_it: bool) -> Promoted | None:
    """Uploads and verifies a release and, if `promote_it`, points at it; None if it does not.

    Interrupted anywhere, readers keep what they had, and publishing again finishes the work. Raises
    LostRace if another release was promoted meanwhile: this one is then in the bucket, verified.
    """
    seen = read_pointer(bucket)
    if seen.pointer and seen.pointer.digest == release.digest:
        return Promoted(pointer=seen.pointer, moved=False)
    prefix = f"{STUDENTS}{release.digest}/"
    refuse_pruned(bucket, release.digest)
    with _progress("upload", release.bytes) as bar:
        for name, content in release.files.items():
            upload(bucket, prefix + name, content)
            bar.update(len(content))
    with _progress("verify", release.bytes) as bar:
        if promote_it:
            return Promoted(pointer=move(bucket, seen, release.digest, bar.update), moved=True)
        verify_release(bucket, release.digest, bar.update)
    return None


def promote(bucket: storage.Bucket, start: str) -> Promoted:
    """Points at the published release whose digest begins with `start`, verified first."""
    seen = read_pointer(bucket)
    wanted = find(bucket, start)
    if seen.pointer and seen.pointer.digest == wanted:
        return Promoted(pointer=seen.pointer, moved=False)
    with _progress("verify", None) as bar:
        return Promoted(pointer=move(bucket, seen, wanted, bar.update), moved=True)


def rollback(bucket: storage.Bucket) -> Promoted:
    """Swaps the current and the previous release, so that a second rollback undoes the first."""
    seen = read_pointer(bucket)
    if seen.pointer is None or seen.pointer.previous is None:
        raise PublishError(
            f"gs://{bucket.name}: no release was served before"
            f" {seen.pointer.digest if seen.pointer else 'now'}: choose one of `tinycopy list"
            f" gs://{bucket.name}` with `tinycopy promote`"
        )
    with _progress("verify", None) as bar:
        return Promoted(pointer=move(bucket, seen, seen.pointer.previous, bar.update), moved=True)


def _progress(what: str, total: int | None) -> "tqdm[Any]":
    return tqdm(desc=what, total=total, unit="B", unit_scale=True, disable=None)


def _publish(bucket: storage.Bucket, arguments: argparse.Namespace) -> None:
    release = load(arguments.directory)
    outcome = publish(bucket, release, promote_it=not arguments.no_promote)
    if outcome is None:
        print(f"published {release.digest}, not promoted")
    else:
        _say(bucket, outcome)


def _promote(bucket: storage.Bucket, arguments: argparse.Namespace) -> None:
    _say(bucket, promote(bucket, arguments.digest))


def _rollback(bucket: storage.Bucket, arguments: argparse.Namespace) -> None:
    _say(bucket, rollback(bucket))


def _say(bucket: storage.Bucket, outcome: Promoted) -> None:
    before = f", before it {outcome.pointer.previous}" if outcome.pointer.previous else ""
    verb = "now serves" if outcome.moved else "serves already: nothing to do for"
    print(f"gs://{bucket.name} {verb} {outcome.pointer.digest}{before if outcome.moved else ''}")


def _list(bucket: storage.Bucket, arguments: argparse.Namespace) -> None:
    lines = listed(bucket)
    print(msgspec.json.encode(lines).decode() if arguments.json else table(lines))


def _prune(bucket: storage.Bucket, arguments: argparse.Namespace) -> None:
    pruned = prune(bucket, keep=arguments.keep, dry_run=arguments.dry_run, now=bucket_time(bucket))
    for one in pruned.digests:
        print(one)
    verb = "would prune" if arguments.dry_run else "pruned"
    print(f"{verb} {len(pruned.digests)} of gs://{bucket.name}, {pruned.bytes / 1e6:.1f} MB")


def _count(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of releases")
    return int(word)


def parser() -> argparse.ArgumentParser:
    """The command line of the five commands."""
    outer = argparse.ArgumentParser(
        prog="tinycopy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = outer.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[storage.Bucket, argparse.Namespace], None], words: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=words,
            description=f"{words[0].upper()}{words[1:]}.\n\n{__doc__}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    one = command("publish", _publish, "upload a release, verify it and serve it")
    one.add_argument("directory", type=Path, help="a release: what `tinycopy convert` wrote")
    one.add_argument("--no-promote", action="store_true", help="upload and verify, do not serve")
    one = command("promote", _promote, "serve a release that is in the bucket")
    one.add_argument("digest", help=f"its digest, or the start of it (`list` shows {SHORT} digits)")
    command("rollback", _rollback, "serve the previous release; a second rollback undoes the first")
    one = command("list", _list, "list the releases in the bucket, the newest first")
    one.add_argument("--json", action="store_true", help="JSON with full digests and all scores")
    one = command("prune", _prune, "delete old releases and uploads abandoned for a day")
    keep = "how many of the newest to keep, beside current and previous (default: %(default)s)"
    one.add_argument("--keep", type=_count, default=5, metavar="N", help=keep)
    one.add_argument("--dry-run", action="store_true", help="say what would go, delete nothing")
    for one in commands.choices.values():
        one.add_argument("bucket", metavar="gs://BUCKET", help="the bucket that readers look in")
    return outer


def main(argv: Sequence[str]) -> int:
    """Runs one of publish, promote, rollback, list and prune; the exit status."""
    arguments = parser().parse_args(argv)
    try:
        with opened(arguments.bucket) as bucket:
            arguments.run(bucket, arguments)
    except PublishError as error:
        print(f"tinycopy {arguments.command}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
