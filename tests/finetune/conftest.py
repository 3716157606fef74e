"""What the tests of finetune/ and distill/ share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.cache import VARIABLE
from tests.finetune.teachers import ROWS
from tests.tiny_models import make_causal


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model for a teacher, alone in its directory's parent."""
    return make_causal(tmp_path_factory.mktemp("causal") / "base", ROWS)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Token ids of the tests lie apart from those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield
