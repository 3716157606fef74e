"""What a request may hold: every limit at, below and above it, in a real process."""

import json
from typing import Any

import pytest

from tests.function.server import BRIEF, Server, is_problem
from tinycopy import brief as limits
from tinycopy.wire import MAX_OPENING

DEEP = 7000


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
        ({"opening": ""}, "opening"),
        ({"opening": "x" * (MAX_OPENING + 1)}, "opening"),
        ({"max_characters": limits.MIN_CHARACTERS - 1}, "max_characters"),
        ({"max_characters": limits.MAX_CHARACTERS + 1}, "max_characters"),
        ({"max_characters": 30.5}, "max_characters"),
        ({"max_characters": "30"}, "max_characters"),
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
        {"opening": "x " * (MAX_OPENING // 2)},
        {"max_characters": limits.MIN_CHARACTERS},
        {"max_characters": limits.MAX_CHARACTERS},
        {"product": "nul\x00and\x07bell"},
        {"product": "日本のパン 🍞"},
        {"product": "\ue000\ue010 slots"},
        {"category": None, "audience": None, "seed": None, "max_characters": None},
    ],
    ids=lambda value: "-".join(value),
)
def test_a_field_at_its_limit_is_served(server: Server, fields: dict[str, Any]):
    reply = server.copy(**fields)
    assert reply.status == 200, reply.json


@pytest.mark.parametrize(
    ("fields", "characters"),
    [
        ({"type": "social_post", "product": "Acme Trail Shoe"}, 15),
        ({"keywords": ["trail shoe", "rain"]}, 15),
        ({"keywords": ["trail shoes", "Shoe"]}, 11),
        ({"type": "social_post", "product": "Acme Shoe", "keywords": ["acme", "rain"]}, 14),
    ],
)
def test_a_character_limit_must_hold_the_name_and_the_keywords(
    server: Server, fields: dict[str, Any], characters: int
):
    assert server.copy(**fields, max_characters=characters).status == 200
    below = fields | {"max_characters": characters - 1}
    reply = server.copy(**below)
    assert is_problem(reply, 422, "invalid", "max_characters")
    assert f"takes {characters} characters" in reply.json["detail"]
    checked = server.ask("POST", "/v1/checks", BRIEF | below | {"text": "x"})
    assert is_problem(checked, 422, "invalid", "max_characters")


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
