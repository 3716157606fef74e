"""The OpenAPI 3.1 document, generated from the routes and the types of their bodies."""

import re
from typing import Any

import msgspec

from tinycopy import errors
from tinycopy.brief import CopyType
from tinycopy.completions import OpenAIErrorBody
from tinycopy.errors import PROBLEMS, ProblemDetails
from tinycopy.handlers import EXAMPLES
from tinycopy.service import Route
from tinycopy.wire import CheckRequest, CopyRequest

REF = "#/components/schemas/{name}"
API_VERSION = "1.0.0"
_EVERYWHERE = (errors.Internal.status,)


def document(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    types = [t for route in routes for t in (route.reads, route.writes) if t is not None]
    types += [ProblemDetails, OpenAIErrorBody]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=REF)
    schema_of = dict(zip(unique, schemas, strict=True))
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tinycopy",
            "version": API_VERSION,
            "summary": "Marketing copy for a brief, from a very small language model.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "./"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(route: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.handler.__name__,
        "responses": {"200": {"description": "Done."}},
    }
    if names := re.findall(r"\{(\w+)\}", route.path):
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if route.writes is not None:
        operation["responses"]["200"]["content"] = {
            "application/json": {"schema": schema_of[route.writes]}
        }
    if route.reads is not None:
        examples = {name: {"value": value} for name, value in _examples(route.reads).items()}
        content = {"schema": schema_of[route.reads], "examples": examples}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    media_type = "application/json" if route.openai else "application/problem+json"
    error = schema_of[OpenAIErrorBody if route.openai else ProblemDetails]
    for status in sorted({*route.problems, *_EVERYWHERE}):
        titles = [problem.title for problem in PROBLEMS if problem.status == status]
        operation["responses"][str(status)] = {
            "description": "; or: ".join(titles) + ".",
            "content": {media_type: {"schema": error}},
        }
    return operation


def _examples(reads: Any) -> dict[str, dict[str, Any]]:
    """Bodies to try a route with, by name."""
    briefs = {str(type_): _without_defaults(brief) for type_, brief in EXAMPLES.items()}
    if reads is CopyRequest:
        return briefs
    if reads is CheckRequest:
        text = "Sunrise Mug keeps 350 ml of coffee hot for 6 hours."
        return {"new_number": briefs[CopyType.PRODUCT_DESCRIPTION] | {"text": text}}
    prompt = briefs[CopyType.SLOGAN]["prompt"]
    return {"slogan": {"model": "tinycopy-slogan", "prompt": prompt, "n": 2}}


def _without_defaults(brief: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(brief).items() if value}
