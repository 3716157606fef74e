"""Reading the body of a request, bounded, and writing JSON.

functions-framework reads whatever is left of a body into memory after the function returns, so
what a request was not allowed to send is read away in pieces first (`discard`).
"""

import io
from typing import Any, TypeVar

import msgspec
from flask import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from tinycopy import patience
from tinycopy.errors import (
    Malformed,
    Problem,
    TooLarge,
    TooSlow,
    WrongMediaType,
    from_validation,
)

T = TypeVar("T")
PIECE = 1 << 16
MAX_DISCARDED_BYTES = 8 << 20


def read_json(request: Request, type_: type[T], limit: int) -> T:
    """The body as `type_`. Raises WrongMediaType, TooLarge, TooSlow, Malformed, Invalid."""
    if request.mimetype != "application/json":
        raise WrongMediaType("send JSON, with the header Content-Type: application/json")
    raw = _read(request, limit)
    return decode(raw, type_)


def decode(raw: bytes | str, type_: type[T], field: str = "") -> T:
    """JSON as `type_`; `field` is where it stood. Raises Malformed or Invalid."""
    try:
        return msgspec.json.decode(raw, type=type_)
    except msgspec.ValidationError as error:
        raise from_validation(error, field) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Malformed(f"the JSON cannot be read: {error}") from error


def _read(request: Request, limit: int) -> bytes:
    declared = request.content_length or 0
    if declared > limit:
        raise TooLarge(f"{declared} bytes; at most {limit} are read")
    raw = bytearray()
    try:
        while len(raw) <= limit and (piece := request.stream.read(limit + 1 - len(raw))):
            raw += piece
    except RequestEntityTooLarge as error:
        raise TooLarge("the body is too large") from error
    except Exception as error:  # gunicorn's own for chunks that are none, and what sockets raise
        raise _broken_off() from error
    if len(raw) > limit:
        raise TooLarge(f"more than the {limit} bytes that are read")
    if len(raw) < declared or patience.is_late():
        raise _broken_off()
    patience.arrived()
    return bytes(raw)


def _broken_off() -> Problem:
    if patience.is_late():
        return TooSlow("the body took longer than REQUEST_SECONDS")
    return Malformed("it broke off, or its chunks cannot be read")


def discard(request: Request) -> bool:
    """Reads away what is left of the body, within bounds; whether that was all of it."""
    left = MAX_DISCARDED_BYTES if (request.content_length or 0) <= MAX_DISCARDED_BYTES else 0
    try:
        while left > 0 and (piece := request.stream.read(min(PIECE, left))):
            left -= len(piece)
    except Exception:  # as in _read: nothing more will come
        left = 0
    request.stream = io.BytesIO()
    return left > 0 and not patience.is_late()


def json_response(body: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """`body` as JSON, never to be cached."""
    response = Response(msgspec.json.encode(body), status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    return response
