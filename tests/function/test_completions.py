"""The OpenAI-compatible routes, in a real functions-framework process."""

import json
from typing import Any

import pytest

from tests.function.server import BRIEF, Server


def test_a_prompt_gives_choices_in_openais_shape(server: Server, digest: str):
    asked = {"model": "tinycopy-slogan", "prompt": "a bakery in Porto", "n": 2, "seed": 3}
    reply = server.ask("POST", "/v1/completions", asked | {"max_tokens": 16, "temperature": 0.7})
    body = reply.json
    assert reply.status == 200
    assert (body["object"], body["model"]) == ("text_completion", "tinycopy-slogan")
    assert body["system_fingerprint"] == digest
    assert 1 <= len(body["choices"]) <= 2
    for index, choice in enumerate(body["choices"]):
        assert choice["index"] == index
        assert choice["text"].strip()
        assert choice["finish_reason"] == "stop"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_brief_as_prompt_gives_the_copy_that_the_brief_gives(server: Server):
    asked = {"model": "tinycopy", "prompt": json.dumps(BRIEF), "seed": 9}
    completion = server.ask("POST", "/v1/completions", asked).json
    copy = server.copy(seed=9).json
    assert completion["choices"][0]["text"] == copy["variants"][0]["text"]


def test_a_brief_as_prompt_may_hold_a_character_limit(server: Server):
    asked = {"model": "tinycopy", "seed": 9}
    limited = json.dumps(BRIEF | {"max_characters": 24})
    completion = server.ask("POST", "/v1/completions", asked | {"prompt": limited}).json
    copy = server.copy(seed=9, max_characters=24).json
    assert completion["choices"][0]["text"] == copy["variants"][0]["text"]


def test_the_model_names_the_type(server: Server):
    def text(model: str) -> str:
        asked = {"model": model, "prompt": "a bakery", "seed": 3}
        return str(server.ask("POST", "/v1/completions", asked).json["choices"])

    assert text("tinycopy") == text("tinycopy-product_description")
    assert text("tinycopy") != text("tinycopy-slogan")


def test_every_listed_model_writes(server: Server):
    listed = server.ask("GET", "/v1/models").json
    assert listed["object"] == "list"
    assert len(listed["data"]) == 6
    for model in listed["data"]:
        asked = {"model": model["id"], "prompt": ["a bakery"]}
        assert server.ask("POST", "/v1/completions", asked).status == 200


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "gpt-4"}, 404, "model"),
        ({"n": 6}, 400, "n"),
        ({"prompt": ""}, 400, "prompt"),
        ({"prompt": "\u200b"}, 400, "prompt"),
        ({"prompt": "x" * 601}, 400, "prompt"),
        ({"prompt": []}, 400, "prompt"),
        ({"prompt": ["a", "b"]}, 400, "prompt"),
        ({"prompt": 3}, 400, "prompt"),
        ({"prompt": "{"}, 400, None),
        ({"prompt": '{"type":"slogan","product":""}'}, 400, "prompt.product"),
        ({"prompt": '{"type":"slogan","foo":1}'}, 400, "prompt.foo"),
        (
            {"prompt": '{"type":"slogan","product":"A","max_characters":5}'},
            400,
            "prompt.max_characters",
        ),
        ({"stream": True}, 400, "stream"),
        ({"echo": True}, 400, "echo"),
        ({"logit_bias": {}}, 400, "logit_bias"),
        ({"temperature": 3}, 400, "temperature"),
        ({"prompt": "a racist slogan insulting immigrants"}, 400, "prompt"),
    ],
)
def test_errors_have_openais_shape_and_name_the_parameter(
    server: Server, fields: dict[str, Any], status: int, param: str | None
):
    asked = {"model": "tinycopy", "prompt": "a bakery"} | fields
    reply = server.ask("POST", "/v1/completions", asked)
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"] == "application/json"
    error = reply.json["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["param"] == param


def test_a_wrong_method_and_a_large_body_have_openais_shape_too(server: Server):
    wrong = server.ask("GET", "/v1/completions")
    assert (wrong.status, wrong.json["error"]["code"]) == (405, "wrong_method")
    large = server.ask("POST", "/v1/completions", b" " * 20000)
    assert (large.status, large.json["error"]["code"]) == (413, "too_large")
