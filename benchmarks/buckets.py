"""A release in a real Cloud Storage server on this machine, near or with distance added."""

import contextlib
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delay import delayed
from distill.publish import load, publish
from tests.gcs import client, serving

NAME = "benchmark"


@dataclass(frozen=True)
class Published:
    """Environments of a function that reads the release: as near as can be, or from afar."""

    near: dict[str, str]
    far: dict[str, str]


@contextlib.contextmanager
def published(release: Path, seconds: float) -> Iterator[Published]:
    """A bucket with `release`, promoted; `seconds` are added to each round trip from afar."""
    with serving() as url:
        owner = client(url)
        publish(owner.create_bucket(NAME), load(release), promote_it=True)
        owner.close()
        with delayed(urllib.parse.urlsplit(url).port or 0, seconds) as port:
            near = {"MODEL_URI": f"gs://{NAME}", "STORAGE_EMULATOR_HOST": url}
            far = near | {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
            yield Published(near, far)
