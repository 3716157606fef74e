"""Reading the body of a request, bounded, and writing JSON.

functions-framework reads whatever is left of a body into memory after the function returns, so
what a request was not allowed to send is read away in pieces first (`discard`).
"""

import io
from typing import Any, TypeVar

import msgspec
from flask import Request, Response

from tinycopy.errors import Malformed, TooLarge, WrongMediaType, from_validation

T = TypeVar("T")
PIECE = 1 << 16
MAX_DISCARDED_BYTES = 8 << 20


def read_json(request: Request, type_: type[T], limit: int) -> T:
    """The body as `type_`. Raises WrongMediaType, TooLarge, Malformed or Invalid."""
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
    if (request.content_length or 0) > limit:
        raise TooLarge(f"{request.content_length} bytes; at most {limit} are read")
    raw = bytearray()
    while len(raw) <= limit and (piece := request.stream.read(limit + 1 - len(raw))):
        raw += piece
    if len(raw) > limit:
        raise TooLarge(f"more than the {limit} bytes that are read")
    return bytes(raw)


def discard(request: Request) -> bool:
    """Reads away what is left of the body, within bounds; whether that was all of it."""
    left = MAX_DISCARDED_BYTES
    while left > 0 and (piece := request.stream.read(min(PIECE, left))):
        left -= len(piece)
    request.stream = io.BytesIO()
    return left > 0


def json_response(body: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """`body` as JSON, never to be cached."""
    response = Response(msgspec.json.encode(body), status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    return response
