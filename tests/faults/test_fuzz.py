"""Requests made up from the OpenAPI document and from briefs; benchmarks/fuzz.py goes on longer."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case as ApiCase
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as openapi

from benchmarks.fuzz import Case, cases, problem_of
from tests.function.server import Server, deployable, running
from tinycopy.openapi import document
from tinycopy.routes import ROUTES

API = schemathesis.openapi.from_dict(document(ROUTES))
load_all_checks()
NOT_MEANT = [
    openapi.positive_data_acceptance,  # what the schema allows may still be an abusive brief
    openapi.unsupported_method,  # OPTIONS is answered for every path, and documented once
]
BOUNDED = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    source = tmp_path_factory.mktemp("fuzz") / "function"
    deployable(source)
    with running(source, CANDIDATES="1") as it:
        it.copy()
        yield it
        assert not it.logged("uncaught error")


@API.parametrize()
@settings(max_examples=15, **BOUNDED)  # type: ignore[arg-type]
def test_the_api_does_what_its_document_says(case: ApiCase, server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    case.call_and_validate(base_url=url, excluded_checks=NOT_MEANT)


@settings(max_examples=200, **BOUNDED)  # type: ignore[arg-type]
@given(case=cases())
def test_any_brief_is_served_or_refused_as_it_should_be(case: Case, server: Server) -> None:
    reply = server.ask("POST", case.path, case.body, {"Content-Type": case.media_type})
    media_type = reply.headers["Content-Type"].split(";")[0]
    assert problem_of(case, reply.status, media_type, reply.body) is None
