"""What a bucket may answer in place of what it holds, and what the function then says of it."""

import functools
import time
from collections.abc import Callable
from urllib.parse import unquote

from tests.wire import Answer, Cut, Wire
from tinycopy.manifest import FILES, MANIFEST

Fault = Callable[[bytes], Answer]  # from what the object holds to what the bucket answers
POINTER = "students/current.json"
NAMES = (*FILES, MANIFEST)
MIB = 1 << 20
DOWNLOAD_SECONDS = 2.0


def cut(content: bytes) -> Answer:
    raise Cut


def silent(content: bytes) -> Answer:
    time.sleep(1.5 * DOWNLOAD_SECONDS)  # the fault itself, not a wait for something
    raise Cut


def drip(content: bytes) -> Answer:
    return Answer(200, b" " * 4000, pause=0.01)


def status(number: int, content: bytes) -> Answer:
    return Answer(number)


def shorter(content: bytes) -> Answer:
    return Answer(200, content[:-1])


def longer(content: bytes) -> Answer:
    return Answer(200, content + b" ")


def broken_off(content: bytes) -> Answer:
    return Answer(200, content[:-1], claims=len(content))


def flipped(content: bytes) -> Answer:
    half = len(content) // 2
    return Answer(200, content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :])


def endless(content: bytes) -> Answer:
    return Answer(200, bytes(64 * MIB))


def text(raw: bytes, content: bytes) -> Answer:
    return Answer(200, raw)


def answered(number: int) -> Fault:
    return functools.partial(status, number)


POINTER_FAULTS = {
    "cut": (cut, "RemoteDisconnected"),
    "silent": (silent, "TimeoutError"),
    "drip": (drip, "DOWNLOAD_SECONDS|timed out"),
    "no HTTP": (answered(99), "BadStatusLine"),
    "403": (answered(403), "answered 403"),
    "404": (answered(404), "answered 404"),
    "429": (answered(429), "answered 429"),
    "500": (answered(500), "answered 500"),
    "empty": (functools.partial(text, b""), "truncated"),
    "malformed": (functools.partial(text, b"{"), "truncated"),
    "no digest": (functools.partial(text, b'{"digest":"abc"}'), "digest"),
    "no text": (functools.partial(text, b"\xff\xfe"), "malformed"),
    "endless": (endless, "more than 4096 bytes"),
    "to nothing": (functools.partial(text, b'{"digest":"%s"}' % (b"ab" * 32)), "answered 404"),
}
FILE_FAULTS = {
    "shorter": (shorter, "the manifest says|not the release's digest"),
    "longer": (longer, r"more than \d+ bytes|not the release's digest"),
    "one bit": (flipped, "sha256 differs|not the release's digest"),
    "broken off": (broken_off, "IncompleteRead|cut off"),
    "403": (answered(403), "answered 403"),
    "404": (answered(404), "answered 404"),
    "429": (answered(429), "answered 429"),
    "500": (answered(500), "answered 500"),
    "endless": (endless, r"more than \d+ bytes"),
}


def spoil(wire: Wire, name: str, fault: Fault, content: bytes = b"") -> None:
    """Answers for the object `name`, which holds `content`, with the fault from now on."""
    wire.before = lambda request: fault(content) if name in unquote(request.path) else None
