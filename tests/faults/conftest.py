"""What tests of faults share: a running function whose bucket lies behind a wire."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from tests.faults.spoiling import DOWNLOAD_SECONDS, NAMES, POINTER
from tests.function.releases import EMBEDDED, FIRST, SECOND
from tests.function.server import Server, deployable, running, until
from tests.gcs import client
from tests.tiny_release import make_release
from tests.wire import Wire, wired


@dataclass(frozen=True)
class Place:
    """A bucket with two releases, of which the pointer names FIRST, behind a wire."""

    bucket: storage.Bucket
    wire: Wire
    source: Path  # the deployed directory; EMBEDDED lies in it
    digests: dict[int, str] = field(default_factory=dict)

    def upload(self, directory: Path, digest: str) -> None:
        for name in NAMES:
            blob = self.bucket.blob(f"students/{digest}/{name}")
            blob.upload_from_string((directory / name).read_bytes())

    def point(self, digest: str) -> None:
        self.bucket.blob(POINTER).upload_from_string(json.dumps({"digest": digest}))

    @contextlib.contextmanager
    def running(self, **environ: str) -> Iterator[Server]:
        """A function that follows the pointer, ten times a second where it can."""
        settings = {
            "MODEL_URI": f"gs://{self.bucket.name}",
            "STORAGE_EMULATOR_HOST": self.wire.url,
            "MODEL_REFRESH_SECONDS": "0.1",
            "DOWNLOAD_SECONDS": str(DOWNLOAD_SECONDS),
        }
        with running(self.source, **settings | environ) as server:
            yield server


@pytest.fixture(scope="module")
def place(gcs_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("place")
    owner = client(gcs_server)
    with wired(gcs_server) as wire, contextlib.closing(owner):
        made = Place(owner.create_bucket(f"faults-{root.name}"), wire, root / "function")
        made.digests[EMBEDDED] = deployable(made.source)
        for seed in (FIRST, SECOND):
            made.digests[seed] = make_release(root / str(seed), seed)
            made.upload(root / str(seed), made.digests[seed])
        made.point(made.digests[FIRST])
        yield made


@pytest.fixture(scope="module")
def shared(place: Place) -> Iterator[Server]:
    with place.running() as server:
        yield server


@pytest.fixture
def server(place: Place, shared: Server) -> Iterator[Server]:
    """A function that serves FIRST from the bucket, and does so again when the test is over."""

    def well() -> bool:
        model = shared.copy().json["model"]
        return bool(model["digest"] == place.digests[FIRST] and not model["degraded"])

    until(well)
    yield shared
    place.wire.before = lambda request: None
    place.point(place.digests[FIRST])
    until(well)
