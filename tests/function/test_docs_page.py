"""The OpenAPI document and the page made from it, from a real process."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from tests.function.server import Server
from tinycopy.errors import PROBLEMS
from tinycopy.routes import ROUTES


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_openapi_describes_every_route_and_each_reference_is_there(server: Server):
    document = server.ask("GET", "/openapi.json").json
    assert document["openapi"].startswith("3.1.")
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert described == {(route.method, route.path) for route in ROUTES}
    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]
    copy = document["components"]["schemas"]["CopyRequest"]
    assert copy["additionalProperties"] is False
    assert copy["properties"]["variants"]["maximum"] == 5


class _Links(HTMLParser):
    """Every address in a page, and its inline handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "action"):
                self.found.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)


def test_the_docs_page_needs_no_other_host_and_its_links_lead_somewhere(server: Server):
    reply = server.ask("GET", "/docs")
    page = _Links()
    page.feed(reply.body.decode())
    assert all(re.match(r"#|\./$|openapi\.json$|data:", link) for link in page.found), page.found
    assert {link[1:] for link in page.found if link.startswith("#")} <= page.ids
    assert {f"problem-{problem.slug}" for problem in PROBLEMS} <= page.ids
    assert page.handlers == []
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    for route in ROUTES:
        assert f"{route.method} {route.path}</code>" in reply.body.decode()
