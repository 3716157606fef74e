"""What the tests of finetune/ and distill/ share."""

from collections.abc import Iterator

import pytest

from finetune.cache import VARIABLE


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Token ids of the tests lie apart from those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield
