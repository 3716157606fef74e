"""Fixtures that tests of distill/ share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from tests.finetune.conftest import own_cache as own_cache
from tests.releases import write_release
from tests.wire import Wire, wired


@pytest.fixture
def wire(
    gcs_server: str, bucket: storage.Bucket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wire]:
    """A wire between the commands and the bucket's server, which a test may listen to and cut."""
    with wired(gcs_server) as wire:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", wire.url)
        yield wire


@pytest.fixture
def releases(tmp_path: Path) -> dict[Path, str]:
    """Three releases on disk, and their digests."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    return {path: write_release(path, seed) for seed, path in enumerate(paths)}
