"""How the tests of publishing call its commands and read the bucket as the function does."""

import json
from pathlib import Path

from google.cloud import storage  # type: ignore[import-untyped]

from distill.publish import main

POINTER = "students/current.json"  # spelled out: it is the contract with deployed functions


def uri(bucket: storage.Bucket) -> str:
    return f"gs://{bucket.name}"


def pointer(bucket: storage.Bucket) -> dict[str, str | None]:
    value: dict[str, str | None] = json.loads(bucket.blob(POINTER).download_as_bytes())
    return value


def publish(bucket: storage.Bucket, directory: Path, *more: str) -> int:
    return main(["publish", str(directory), uri(bucket), *more])
