"""The OpenAI-compatible routes: POST /v1/completions and GET /v1/models.

Model `tinycopy` writes product descriptions, `tinycopy-<type>` the other types. The prompt is a
free description, or a brief as JSON, whose own `type` then counts.
"""

import time
from typing import Annotated, Any

import msgspec
from flask import Response
from msgspec import Meta

from tinycopy.body import decode, json_response, read_json
from tinycopy.brief import MAX_PROMPT, Brief, CopyType
from tinycopy.errors import Invalid, Problem, UnknownModel
from tinycopy.service import Call, Service
from tinycopy.wire import MAX_VARIANTS, Seed, Temperature

MODELS: dict[str, CopyType] = {"tinycopy": CopyType.PRODUCT_DESCRIPTION} | {
    f"tinycopy-{type_}": type_ for type_ in CopyType
}


class CompletionRequest(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """OpenAI's request for a text completion, as far as it makes sense for copy.

    max_tokens, top_p, stop, user, the penalties and best_of are read and change nothing: the
    brief's `length` says how long the copy is.
    """

    model: Annotated[str, Meta(description="One of GET /v1/models; its name holds the type.")]
    prompt: Annotated[
        str | list[str], Meta(description="A free description, or a brief as JSON; one only.")
    ]
    n: Annotated[int, Meta(ge=1, le=MAX_VARIANTS, description="How many copies to write.")] = 1
    seed: Seed | None = None
    temperature: Temperature | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    stop: str | list[str] | None = None
    user: str | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    best_of: int | None = None
    stream: bool | None = None
    echo: bool | None = None


class Choice(msgspec.Struct, frozen=True):
    """One copy."""

    text: str
    index: int
    finish_reason: str = "stop"
    logprobs: None = None


class CompletionUsage(msgspec.Struct, frozen=True):
    """Tokens read, tokens written for all candidates, and their sum."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionBody(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI's text completion; system_fingerprint is the release's digest."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: CompletionUsage
    system_fingerprint: str
    object: str = "text_completion"


class OpenAIModel(msgspec.Struct, frozen=True):
    """A model that completions take."""

    id: str
    created: int = 0
    owned_by: str = "tinycopy"
    object: str = "model"


class ModelsBody(msgspec.Struct, frozen=True):
    """All models that completions take."""

    data: tuple[OpenAIModel, ...]
    object: str = "list"


class OpenAIError(msgspec.Struct, frozen=True):
    """What OpenAI's clients read of an error."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIErrorBody(msgspec.Struct, frozen=True):
    """An error in OpenAI's shape."""

    error: OpenAIError


def completions(service: Service, call: Call) -> Response:
    """Copy for a prompt, in OpenAI's shape."""
    asked = read_json(call.request, CompletionRequest, service.settings.max_body_bytes)
    answer = service.write(call, _brief(asked), asked.n, asked.seed, asked.temperature)
    written = answer.written
    return json_response(
        CompletionBody(
            id=f"cmpl-{call.id}",
            created=int(time.time()),
            model=asked.model,
            choices=tuple(Choice(v.text, i) for i, v in enumerate(written.variants)),
            usage=CompletionUsage(
                written.prompt_tokens,
                written.completion_tokens,
                written.prompt_tokens + written.completion_tokens,
            ),
            system_fingerprint=answer.serving.digest,
        )
    )


def _brief(asked: CompletionRequest) -> Brief:
    """The brief that a completion's prompt and model mean. Raises Invalid or UnknownModel."""
    if asked.model not in MODELS:
        raise UnknownModel("GET /v1/models lists the models", field="model")
    if asked.stream:
        raise Invalid("streaming is not offered; copy is short", field="stream")
    if asked.echo:
        raise Invalid("the prompt is not echoed", field="echo")
    prompts = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
    if len(prompts) != 1:
        raise Invalid("give one prompt", field="prompt")
    prompt = prompts[0].strip()
    if prompt.startswith("{"):
        return decode(prompt, Brief, "prompt.")
    if not 1 <= len(prompt) <= MAX_PROMPT:
        raise Invalid(f"give 1 to {MAX_PROMPT} characters", field="prompt")
    try:
        return Brief(type=MODELS[asked.model], prompt=prompt)
    except ValueError as error:
        raise Invalid(str(error), field="prompt") from error


def models(service: Service, call: Call) -> Response:
    """The models, one for each type of copy."""
    return json_response(ModelsBody(tuple(OpenAIModel(name) for name in MODELS)))


def openai_error(problem: Problem) -> tuple[int, Any]:
    """Status and body of a problem as OpenAI's clients expect them (400 for what is 422 here)."""
    status = 400 if problem.status == 422 else problem.status
    if status == 429:
        kind = "rate_limit_error"
    else:
        kind = "server_error" if status >= 500 else "invalid_request_error"
    error = OpenAIError(problem.detail, kind, problem.field, problem.slug.replace("-", "_"))
    return status, OpenAIErrorBody(error)
