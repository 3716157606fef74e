"""The routes of a function in a real functions-framework process."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.function.server import BRIEF, Reply, Server, deployable, running
from tinycopy import brief as limits
from tinycopy.errors import PROBLEMS
from tinycopy.routes import ROUTES

DEEP = 7000


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    source = tmp_path_factory.mktemp("http") / "function"
    return source, deployable(source)


@pytest.fixture(scope="module")
def server(deployed: tuple[Path, str]) -> Iterator[Server]:
    with running(deployed[0], CORS_ORIGINS="https://shop.example", MAX_BODY_BYTES="16384") as it:
        yield it


def is_problem(reply: Reply, status: int, slug: str, field: str | None = None) -> bool:
    """Whether the reply is that problem, in the shape of RFC 9457, naming the field."""
    body = reply.json
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.status == body["status"] == status, body
    assert body["type"] == f"/docs#problem-{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"].endswith(reply.headers["X-Request-Id"])
    assert [error["field"] for error in body.get("errors", [])] == ([field] if field else [])
    return True


def test_a_brief_gives_copy(server: Server, deployed: tuple[Path, str]):
    reply = server.copy(variants=3, seed=1)
    assert reply.status == 200
    body = reply.json
    assert set(body) == {"id", "variants", "model", "usage"}
    assert 1 <= len(body["variants"]) <= 3
    for variant in body["variants"]:
        assert variant["text"].strip()
        assert variant["checks"]
        assert all(isinstance(passed, bool) for passed in variant["checks"].values())
    assert body["model"] == {"digest": deployed[1], "source": "embedded", "degraded": False}
    assert body["usage"]["candidates"] >= 12
    assert body["usage"]["prompt_tokens"] > 0
    assert body["usage"]["completion_tokens"] > 0
    assert body["usage"]["generation_ms"] > 0


def test_ids_are_unique_and_the_seed_decides_the_rest(server: Server):
    first, second = server.copy(seed=5).json, server.copy(seed=5).json
    assert first["id"] != second["id"]
    assert first["variants"] == second["variants"]


def test_a_prompt_gives_copy_too(server: Server):
    reply = server.ask("POST", "/v1/copy", {"type": "slogan", "prompt": "a bakery in Porto"})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"headline": "x"}, "headline"),
        ({"type": "poem"}, "type"),
        ({"tone": "angry"}, "tone"),
        ({"length": 3}, "length"),
        ({"product": ""}, "product"),
        ({"product": " \u200b\n "}, "product"),
        ({"product": "x" * (limits.MAX_PRODUCT + 1)}, "product"),
        ({"category": "x" * (limits.MAX_CATEGORY + 1)}, "category"),
        ({"audience": "x" * (limits.MAX_AUDIENCE + 1)}, "audience"),
        ({"features": ["x"] * (limits.MAX_FEATURES + 1)}, "features"),
        ({"features": ["ok", "x" * (limits.MAX_FEATURE + 1)]}, "features[1]"),
        ({"features": ["ok", " "]}, "features[1]"),
        ({"keywords": ["x"] * (limits.MAX_KEYWORDS + 1)}, "keywords"),
        ({"keywords": ["x" * (limits.MAX_KEYWORD + 1)]}, "keywords[0]"),
        ({"prompt": "a bakery"}, "product"),
        ({"variants": 0}, "variants"),
        ({"variants": 6}, "variants"),
        ({"variants": 1.5}, "variants"),
        ({"variants": True}, "variants"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_field_outside_its_limits_is_named(server: Server, fields: dict[str, Any], field: str):
    assert is_problem(server.copy(**fields), 422, "invalid", field)


@pytest.mark.parametrize(
    "fields",
    [
        {"product": "x"},
        {"product": "x" * limits.MAX_PRODUCT},
        {"features": ["x" * limits.MAX_FEATURE]},
        {"features": [f"{i} x" for i in range(limits.MAX_FEATURES)]},
        {"keywords": [f"k{'x' * (limits.MAX_KEYWORD - 2)}{i}" for i in range(limits.MAX_KEYWORDS)]},
        {"audience": "x" * limits.MAX_AUDIENCE, "category": "x" * limits.MAX_CATEGORY},
        {"variants": 5},
        {"seed": 0},
        {"seed": 2**53 - 1},
        {"seed": 2**32 - 1},
        {"temperature": 0},
        {"temperature": 2},
        {"product": "nul\x00and\x07bell"},
        {"product": "日本のパン 🍞"},
        {"product": "\ue000\ue010 slots"},
        {"category": None, "audience": None, "seed": None},
    ],
    ids=lambda value: "-".join(value),
)
def test_a_field_at_its_limit_is_served(server: Server, fields: dict[str, Any]):
    reply = server.copy(**fields)
    assert reply.status == 200, reply.json


def test_a_missing_type_and_a_missing_product_are_named(server: Server):
    reply = server.ask("POST", "/v1/copy", {"product": "x"})
    assert is_problem(reply, 422, "invalid", "type")
    reply = server.ask("POST", "/v1/copy", {"type": "slogan"})
    assert is_problem(reply, 422, "invalid", "product")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"product=x",
        b"\xff\xfe",
        b'{"type":"slogan","product":"\xff"}',
        b'{"type":"slogan","product":"\\ud800"}',
        b'{"type":"slogan","product":"x","temperature":NaN}',
        b'{"type":"slogan","product":"x"} {}',
    ],
)
def test_a_body_that_is_not_json_is_malformed(server: Server, body: bytes):
    assert is_problem(server.ask("POST", "/v1/copy", body), 400, "malformed")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"x"',
        b"[" * DEEP + b"]" * DEEP,
        b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"product":' + b'{"a":' * 1500 + b"1" + b"}" * 1501,
        b'{"type":"slogan","product":"x","variants":1e400}',
        b'{"type":"slogan","product":"x","seed":' + b"9" * 500 + b"}",
    ],
    ids=range(8),
)
def test_json_that_is_no_brief_is_invalid(server: Server, body: bytes):
    reply = server.ask("POST", "/v1/copy", body)
    assert reply.status == 422, reply.body
    assert reply.json["type"] == "/docs#problem-invalid"


def test_a_body_is_read_up_to_its_limit(server: Server):
    body = json.dumps(BRIEF).encode()
    assert server.ask("POST", "/v1/copy", body.ljust(16384)).status == 200
    assert is_problem(server.ask("POST", "/v1/copy", body.ljust(16385)), 413, "too-large")


def test_a_body_without_a_length_is_read_up_to_its_limit(server: Server):
    def chunked(size: int) -> bytes:
        body = json.dumps(BRIEF).encode().ljust(size)
        return f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"

    headers = {"Transfer-Encoding": "chunked"}
    assert server.ask("POST", "/v1/copy", chunked(1000), headers).status == 200
    assert is_problem(server.ask("POST", "/v1/copy", chunked(16385), headers), 413, "too-large")


@pytest.mark.parametrize("given", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_media_type_is_refused(server: Server, given: str):
    reply = server.ask("POST", "/v1/copy", json.dumps(BRIEF).encode(), {"Content-Type": given})
    assert is_problem(reply, 415, "wrong-media-type")


def test_json_with_a_charset_is_read(server: Server):
    given = {"Content-Type": "application/json; charset=utf-8"}
    assert server.ask("POST", "/v1/copy", json.dumps(BRIEF).encode(), given).status == 200


def test_a_brief_that_asks_for_abuse_is_told_so(server: Server):
    reply = server.ask(
        "POST", "/v1/copy", {"type": "slogan", "prompt": "a racist slogan insulting immigrants"}
    )
    assert is_problem(reply, 422, "abusive", "prompt")


@pytest.mark.parametrize("path", ["/nope", "/v1", "/v1//copy", "/docs/", "/v1/copy/", "/healthz"])
def test_an_unknown_path_is_a_problem(server: Server, path: str):
    assert is_problem(server.ask("GET", path), 404, "unknown-path")
    assert is_problem(server.ask("OPTIONS", path), 404, "unknown-path")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_path_says_which_methods_it_takes(server: Server, route):
    allowed = {"POST": "POST, OPTIONS", "GET": "GET, HEAD, OPTIONS"}[route.method]
    options = server.ask("OPTIONS", route.path)
    assert (options.status, options.headers["Allow"]) == (204, allowed)
    refused = server.ask("DELETE", route.path)
    assert (refused.status, refused.headers["Allow"]) == (405, allowed)
    if not route.openai:
        assert is_problem(refused, 405, "wrong-method")


@pytest.mark.parametrize("path", ["/health", "/info", "/docs", "/openapi.json", "/v1/models"])
def test_head_is_get_without_the_body(server: Server, path: str):
    head, get = server.ask("HEAD", path), server.ask("GET", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == str(len(get.body))


def test_only_an_allowed_origin_may_read_answers_in_a_browser(server: Server):
    allowed = server.ask("OPTIONS", "/v1/copy", headers={"Origin": "https://shop.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in allowed.headers["Access-Control-Allow-Headers"]
    problem = server.ask("GET", "/nope", headers={"Origin": "https://shop.example"})
    assert problem.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    for origin in ("https://evil.example", "https://shop.example.evil.example", "null"):
        reply = server.ask("OPTIONS", "/v1/copy", headers={"Origin": origin})
        assert not [name for name in reply.headers if name.startswith("Access-Control")]
        assert "Origin" in reply.headers["Vary"]


def test_a_request_id_of_the_caller_is_kept_if_it_is_harmless(server: Server):
    reply = server.ask("GET", "/health", headers={"X-Request-Id": "abc-1.2_3"})
    assert reply.headers["X-Request-Id"] == "abc-1.2_3"
    reply = server.ask("GET", "/health", headers={"X-Request-Id": "x" * 65})
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])


def test_templates_hold_what_a_form_needs(server: Server):
    body = server.ask("GET", "/v1/templates").json
    assert [template["type"] for template in body["templates"]] == list(limits.CopyType)
    fields = {field["name"]: field for field in body["fields"]}
    assert fields["product"]["max_length"] == limits.MAX_PRODUCT
    assert fields["prompt"]["max_length"] == limits.MAX_PROMPT
    assert fields["features"]["max_items"] == limits.MAX_FEATURES
    assert fields["features"]["max_length"] == limits.MAX_FEATURE
    assert fields["tone"]["choices"] == sorted(limits.Tone)
    assert fields["tone"]["default"] == "professional"
    assert [name for name, field in fields.items() if field.get("required")] == ["type"]
    for template in body["templates"]:
        words = template["words"]["short"]
        expected = limits.WORD_RANGES[template["type"]][limits.Length.SHORT]
        assert (words["least"], words["most"]) == expected
        assert server.ask("POST", "/v1/copy", template["example"]).status == 200


def test_info_tells_of_the_release(server: Server, deployed: tuple[Path, str]):
    server.copy()
    body = server.ask("GET", "/info").json
    assert body["release"]["digest"] == deployed[1]
    assert body["release"]["source"] == "embedded"
    assert body["release"]["degraded"] is False
    assert body["limits"]["body_bytes"] == 16384
    assert set(body["versions"]) >= {"python", "ctranslate2", "sentencepiece"}
    assert server.ask("GET", "/health").json == {"status": "ready"}


def test_the_root_leads_to_the_docs(server: Server):
    reply = server.ask("GET", "/")
    assert (reply.status, reply.headers["Location"]) == (302, "docs")


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
    assert all(re.match(r"#|openapi\.json$|data:", link) for link in page.found), page.found
    assert {link[1:] for link in page.found if link.startswith("#")} <= page.ids
    assert {f"problem-{problem.slug}" for problem in PROBLEMS} <= page.ids
    assert page.handlers == []
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    for route in ROUTES:
        assert f"{route.method} {route.path}</code>" in reply.body.decode()
