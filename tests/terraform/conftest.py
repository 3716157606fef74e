"""What tests of the HCL share: the stand-in provider, and the plans of all scenarios."""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.terraform import standin
from tests.terraform.runner import HCL, Plan, copied, planned_together
from tests.terraform.scenarios import SCENARIOS
from tests.terraform.schema import SCHEMA


@pytest.fixture(scope="session")
def attach() -> Iterator[str]:
    """TF_REATTACH_PROVIDERS of a stand-in that serves while the tests run."""
    with standin.serving() as reattach:
        yield reattach


@pytest.fixture(scope="session")
def plans(attach: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """A plan of every scenario."""
    root = tmp_path_factory.mktemp("scenarios")
    hcl = copied(root / "hcl", HCL)
    copies = {name: (hcl, variables) for name, variables in SCENARIOS.items()}
    return planned_together(root / "all", attach, copies)


@pytest.fixture(scope="session")
def schema_version() -> str:
    """The version of the provider whose schema is served."""
    version = json.loads(gzip.decompress(SCHEMA.read_bytes()))["x_provider_version"]
    assert isinstance(version, str)
    return version
