"""The HTTP table: every route once. The router, OpenAPI and the docs page are made from it."""

from functools import lru_cache

from flask import Response

from tinycopy import completions, handlers, page_files
from tinycopy.body import json_response
from tinycopy.completions import CompletionBody, CompletionRequest, ModelsBody
from tinycopy.docs_page import page
from tinycopy.openapi import document
from tinycopy.service import Call, Route, Service
from tinycopy.wire import (
    CheckRequest,
    ChecksBody,
    CopyBody,
    CopyRequest,
    HealthBody,
    InfoBody,
    TemplatesBody,
)


def openapi(service: Service, call: Call) -> Response:
    """The OpenAPI document."""
    return json_response(document(service.routes))


@lru_cache(maxsize=1)
def _page(routes: tuple[Route, ...]) -> tuple[bytes, str]:
    return page(document(routes))


def docs(service: Service, call: Call) -> Response:
    """The documentation page."""
    html, policy = _page(service.routes)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy
    return response


_WRITING = (400, 408, 413, 415, 422, 429, 503)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/copy",
        handlers.copy,
        "Write copy for a brief.",
        reads=CopyRequest,
        writes=CopyBody,
        problems=_WRITING,
    ),
    Route(
        "POST",
        "/v1/completions",
        completions.completions,
        "Write copy for a prompt, as OpenAI's text completions do.",
        reads=CompletionRequest,
        writes=CompletionBody,
        problems=(400, 404, 408, 413, 415, 429, 503),
        openai=True,
    ),
    Route(
        "GET",
        "/v1/models",
        completions.models,
        "The models that completions take: one for each type of copy.",
        writes=ModelsBody,
        openai=True,
    ),
    Route(
        "POST",
        "/v1/checks",
        handlers.checks,
        "Check copy of any origin against its brief.",
        reads=CheckRequest,
        writes=ChecksBody,
        problems=(400, 408, 413, 415, 422),
    ),
    Route(
        "GET",
        "/v1/templates",
        handlers.templates,
        "The types of copy, the form for a brief with its limits, and examples.",
        writes=TemplatesBody,
    ),
    Route("GET", "/openapi.json", openapi, "This document, OpenAPI 3.1.", writes=dict),
    Route("GET", "/docs", docs, "The documentation as a page."),
    Route(
        "GET",
        "/info",
        handlers.info,
        "The release that serves, limits and versions.",
        writes=InfoBody,
    ),
    Route("GET", "/health", handlers.health, "Whether the function lives.", writes=HealthBody),
    Route("GET", "/", page_files.home, "The page to write copy on."),
    Route(
        "GET",
        "/page/{digest}/{name}",
        page_files.page_file,
        "A file of the page, to be cached for as long as one likes.",
        problems=(404,),
    ),
)
