"""Finding a release and reading it, every byte checked against its manifest.

Not covered here: loading it (student.py), when to look again (loader.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tinycopy.bucket import Bucket
from tinycopy.manifest import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    Digest,
    Manifest,
    ReleaseError,
    digest,
    parse,
    verify,
)

EMBEDDED = Path(__file__).with_name("embedded")
POINTER = "students/current.json"
MAX_POINTER_BYTES = 4096


class Pointer(msgspec.Struct, frozen=True):
    """students/current.json: the digest of the release to serve. Its other fields are not ours."""

    digest: Digest


@dataclass(frozen=True)
class Release:
    """A release that was read and checked: digest, manifest and the content of its files."""

    digest: str
    manifest: Manifest
    files: dict[str, bytes]


def embedded(directory: Path) -> Release:
    """The release that was deployed with the function. Raises ReleaseError if it is not whole."""

    def read(name: str, limit: int) -> bytes:
        try:
            with (directory / name).open("rb") as file:
                return file.read(limit + 1)
        except OSError as error:
            raise ReleaseError(f"embedded release, {name}: {error.strerror}") from error

    return _read(read, None)


def pointed(bucket: Bucket) -> str:
    """The digest that the bucket's pointer names. Raises ReleaseError if there is none."""
    raw = bucket.read(POINTER, MAX_POINTER_BYTES)
    try:
        return msgspec.json.decode(raw, type=Pointer).digest
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{POINTER}: {error}") from error


def download(bucket: Bucket, wanted: str) -> Release:
    """The release with the digest `wanted`. Raises ReleaseError if a byte of it differs."""
    return _read(lambda name, limit: bucket.read(f"students/{wanted}/{name}", limit), wanted)


def _read(read: Callable[[str, int], bytes], wanted: str | None) -> Release:
    raw = read(MANIFEST, MAX_MANIFEST_BYTES)
    found = digest(raw)
    if wanted is not None and found != wanted:
        raise ReleaseError(f"{MANIFEST}: its sha256 is {found}, not the release's digest {wanted}")
    manifest = parse(raw)
    files = {}
    for name, file in manifest.files.items():
        files[name] = read(name, file.bytes)
        verify(manifest, name, files[name])
    return Release(found, manifest, files)
