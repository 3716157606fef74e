"""The routes of a function in a real functions-framework process."""

import re

import pytest

from tests.function.server import Server, is_problem
from tinycopy import brief as limits
from tinycopy.routes import ROUTES

DEEP = 7000


def test_a_brief_gives_copy(server: Server, digest: str):
    reply = server.copy(variants=3, seed=1)
    assert reply.status == 200
    body = reply.json
    assert set(body) == {"id", "variants", "model", "usage"}
    assert 1 <= len(body["variants"]) <= 3
    for variant in body["variants"]:
        assert variant["text"].strip()
        assert variant["checks"]
        assert all(isinstance(passed, bool) for passed in variant["checks"].values())
    assert body["model"] == {"digest": digest, "source": "embedded", "degraded": False}
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
    assert (fields["variants"]["least"], fields["variants"]["most"]) == (1, 5)
    assert fields["temperature"]["kind"] == "number"
    assert {check["name"] for check in body["checks"]} >= set(
        server.copy().json["variants"][0]["checks"]
    )
    assert [name for name, field in fields.items() if field.get("required")] == ["type"]
    limit = fields["max_characters"]
    assert (limit["kind"], limit["least"], limit["most"]) == (
        "integer",
        limits.MIN_CHARACTERS,
        limits.MAX_CHARACTERS,
    )
    for template in body["templates"]:
        words = template["words"]["short"]
        expected = limits.WORD_RANGES[template["type"]][limits.Length.SHORT]
        assert (words["least"], words["most"]) == expected
        assert words["characters"] == limits.CHARACTERS_PER_WORD * expected[0]
        assert server.ask("POST", "/v1/copy", template["example"]).status == 200


def test_info_tells_of_the_release(server: Server, digest: str):
    server.copy()
    body = server.ask("GET", "/info").json
    assert body["release"]["digest"] == digest
    assert body["release"]["source"] == "embedded"
    assert body["release"]["degraded"] is False
    assert body["limits"]["body_bytes"] == 16384
    assert set(body["versions"]) >= {"python", "ctranslate2", "sentencepiece"}
    assert server.ask("GET", "/health").json == {"status": "ready"}


def test_edited_copy_is_checked_against_its_brief(server: Server):
    brief = {"type": "slogan", "product": "Acme Shoe", "features": ["dries in 3 hours"]}
    good = server.ask("POST", "/v1/checks", brief | {"text": "Dry in 3 hours."}).json["checks"]
    bad = server.ask("POST", "/v1/checks", brief | {"text": "Dry in 4 hours."}).json["checks"]
    assert good["no_new_numbers"]
    assert not bad["no_new_numbers"]
    assert good.keys() == bad.keys() == server.copy().json["variants"][0]["checks"].keys()


def test_copy_over_the_character_limit_is_never_without_its_mark(server: Server):
    for seed in range(3):
        reply = server.copy(length="long", max_characters=24, variants=3, seed=seed)
        variants = reply.json["variants"]
        kept = [len(variant["text"]) <= 24 for variant in variants]
        assert [variant["checks"]["within_characters"] for variant in variants] == kept
        assert kept == sorted(kept, reverse=True)
        assert not any("length_in_range" in variant["checks"] for variant in variants)


def test_every_copy_starts_with_the_opening(server: Server):
    for opening in ("Dry in 3 hours", "Acme Shoe", " Out\u200b  there "):
        body = server.copy(opening=opening, variants=3, seed=2).json
        starts = " ".join(opening.replace("\u200b", "").split())
        assert all(variant["text"].startswith(starts) for variant in body["variants"]), body


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "text"), ({"text": "x" * 2001}, "text"), ({"text": "x", "variants": 1}, "variants")],
)
def test_what_cannot_be_checked_is_named(server: Server, fields: dict[str, object], field: str):
    brief = {"type": "slogan", "product": "Acme Shoe"}
    assert is_problem(server.ask("POST", "/v1/checks", brief | fields), 422, "invalid", field)
