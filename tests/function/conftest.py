"""What tests of the function share: one real process to ask, releases, and loaders."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.function.releases import EMBEDDED
from tests.function.server import Server, deployable, running
from tests.tiny_release import make_release
from tinycopy.loader import Loader
from tinycopy.settings import Settings

ORIGIN = "https://shop.example"


@pytest.fixture(scope="session")
def deployed_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    source = tmp_path_factory.mktemp("shared") / "function"
    digest = deployable(source)
    with running(source, CORS_ORIGINS=ORIGIN, MAX_BODY_BYTES="16384") as server:
        yield server, digest


@pytest.fixture
def server(deployed_here: tuple[Server, str]) -> Server:
    """A running function that other tests use too."""
    return deployed_here[0]


@pytest.fixture
def digest(deployed_here: tuple[Server, str]) -> str:
    """The digest of the release that `server` serves."""
    return deployed_here[1]


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, str]]:
    """Three releases that differ: seed -> directory, digest."""
    root = tmp_path_factory.mktemp("releases")
    return {seed: (root / str(seed), make_release(root / str(seed), seed)) for seed in range(3)}


@pytest.fixture
def loader(releases: dict[int, tuple[Path, str]]) -> Iterator[Callable[..., Loader]]:
    """Makes loaders, and stops them when the test ends."""
    made = []

    def make(uri: str | None, directory: Path = releases[EMBEDDED][0], **settings: Any) -> Loader:
        made.append(Loader(Settings(model_uri=uri, **settings), directory))
        return made[-1]

    yield make
    for one in made:
        one.stop()
