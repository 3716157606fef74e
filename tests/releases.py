"""Releases for tests: files of arbitrary bytes and a manifest that agrees with them.

No student can be loaded from them; what moves, verifies or deletes releases does not mind.
"""

import hashlib
import json
import random
from pathlib import Path

import msgspec
from google.cloud import storage  # type: ignore[import-untyped]

from tinycopy.encoding import ENCODING
from tinycopy.manifest import FILES, MANIFEST, File, Manifest, Source, digest


def write_release(directory: Path, seed: int, *, model_bytes: int = 5000) -> str:
    """Writes a release, different for each seed, into a new directory; returns its digest."""
    directory.mkdir(parents=True)
    chance = random.Random(seed)
    files = {}
    for name in FILES:
        content = chance.randbytes(model_bytes if name == "model.bin" else 100)
        (directory / name).write_bytes(content)
        files[name] = File(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    manifest = Manifest(
        encoding=ENCODING,
        compute_type="int8",
        files=files,
        parameters=model_bytes,
        recipe={"seed": seed},
        scores={"chrf": 30.5, "checks": 0.9},
        sources=(Source(name="a deck", licence="CC0-1.0"),),
        git_commit="0" * 40,
        created_at=f"2026-01-01T00:00:{seed % 60:02d}+00:00",
    )
    raw = msgspec.json.encode(manifest)
    (directory / MANIFEST).write_bytes(raw)
    return digest(raw)


def served(bucket: storage.Bucket) -> str:
    """The digest that the pointer names, once every byte of that release proved right.

    Reads as a reader does, by the layout alone, so that it shares no mistake with what it checks.
    """
    current: str = json.loads(bucket.blob("students/current.json").download_as_bytes())["digest"]
    raw = bucket.blob(f"students/{current}/manifest.json").download_as_bytes()
    assert hashlib.sha256(raw).hexdigest() == current
    for name, file in json.loads(raw)["files"].items():
        content = bucket.blob(f"students/{current}/{name}").download_as_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    return current
