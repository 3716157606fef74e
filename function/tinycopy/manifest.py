"""The manifest of a release: what is in it, how it was made, how it scored.

A release is a directory with manifest.json and the files that the manifest lists. Its digest is
the sha256 of manifest.json's bytes, so it names every byte of the release.
"""

import hashlib
import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tinycopy.encoding import ENCODINGS

MANIFEST = "manifest.json"
FILES = ("config.json", "model.bin", "shared_vocabulary.json", "spm.model")
MAX_MANIFEST_BYTES = 256 * 1024
MAX_RELEASE_BYTES = 256 * 1024 * 1024
DIGEST = re.compile(r"[0-9a-f]{64}")

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ReleaseError(Exception):
    """A release that must not be served; the message says which file and why."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a release."""

    sha256: Digest
    bytes: Annotated[int, Meta(ge=0, le=MAX_RELEASE_BYTES)]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data set or model that the student learnt from, and its licence."""

    name: str
    licence: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a release says about itself. Unknown fields are allowed, so that old readers live on.

    general: roots of the words that copy for anything has (topic.py); none if it is not known.
    shortlist: pieces that copy is sampled from, most of what it needs (model.py); none for all.
    """

    encoding: int
    compute_type: str
    files: dict[str, File]
    parameters: int
    recipe: dict[str, Any]
    scores: dict[str, float]
    sources: tuple[Source, ...]
    git_commit: str
    created_at: str
    general: tuple[str, ...] = ()
    shortlist: tuple[str, ...] = ()


def parse(raw: bytes) -> Manifest:
    """The manifest in `raw`. Raises ReleaseError if it is malformed, too big or of no use here."""
    if len(raw) > MAX_MANIFEST_BYTES:
        raise ReleaseError(f"{MANIFEST}: {len(raw)} bytes, more than {MAX_MANIFEST_BYTES}")
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{MANIFEST}: {error}") from error
    if manifest.encoding not in ENCODINGS:
        raise ReleaseError(
            f"{MANIFEST}: encoding {manifest.encoding}, but this function reads "
            + " and ".join(map(str, ENCODINGS))
        )
    if set(manifest.files) != set(FILES):
        raise ReleaseError(f"{MANIFEST}: files are {sorted(manifest.files)}, not {sorted(FILES)}")
    total = sum(file.bytes for file in manifest.files.values())
    if total > MAX_RELEASE_BYTES:
        raise ReleaseError(f"{MANIFEST}: files of {total} bytes, more than {MAX_RELEASE_BYTES}")
    return manifest


def verify(manifest: Manifest, name: str, content: bytes) -> None:
    """Raises ReleaseError unless `content` is the file `name` of the manifest, byte for byte."""
    expected = manifest.files[name]
    if len(content) != expected.bytes:
        raise ReleaseError(f"{name}: {len(content)} bytes, the manifest says {expected.bytes}")
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise ReleaseError(f"{name}: sha256 differs from the manifest's")


def digest(raw: bytes) -> str:
    """The digest of the release whose manifest.json has the bytes `raw`."""
    return hashlib.sha256(raw).hexdigest()
