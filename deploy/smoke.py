"""Does the function at a URL serve? Health, the release expected, copy that passes, in time.

A cold start takes several tries. A private function refuses a request without an identity; then the
token of this machine's account is sent.
"""

import http.client
import itertools
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import google.auth.transport.requests
import msgspec
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from deploy.errors import DeployError

REQUEST_SECONDS = 60.0
SEEDS = (1, 2, 3)
TIMED = 3  # requests whose quickest must be within the bound
REFUSED = (401, 403)
T = TypeVar("T")


@dataclass(frozen=True)
class Bounds:
    """seconds: for one copy, warm; tries: of the whole test; pause: seconds between two tries."""

    seconds: float = 2.0
    tries: int = 5
    pause: float = 3.0


@dataclass(frozen=True)
class Expected:
    """The release that must serve; degraded: whether it may serve in place of one not found."""

    digest: str
    degraded: bool = False


@dataclass(frozen=True)
class Passed:
    """What a smoke test saw. seconds: the quickest copy over HTTP."""

    digest: str
    text: str
    seconds: float


class _Health(msgspec.Struct):
    status: str


class _Release(msgspec.Struct):
    digest: str
    degraded: bool
    trouble: str | None = None


class _Info(msgspec.Struct):
    release: _Release | None


class _Template(msgspec.Struct):
    example: dict[str, Any]


class _Templates(msgspec.Struct):
    templates: list[_Template]


class _Variant(msgspec.Struct):
    text: str
    checks: dict[str, bool]


class _Model(msgspec.Struct):
    digest: str


class _Copy(msgspec.Struct):
    variants: list[_Variant]
    model: _Model


class _Failed(Exception):  # noqa: N818 - one try of several
    """One try failed; the message says why."""


class Endpoint:
    """A URL of the function; audience: for whom an identity token is made out, the main URL."""

    def __init__(self, uri: str, audience: str) -> None:
        self.uri = uri.rstrip("/")
        self._audience = audience
        self._headers = {"Content-Type": "application/json", "User-Agent": "tinycopy-deploy"}

    def ask(self, path: str, kind: type[T], body: Any = None) -> T:
        """The answer to a GET, or with a body to a POST. Raises _Failed for any but 200."""
        data = None if body is None else msgspec.json.encode(body)
        status, content = self._send(path, data)
        if status in REFUSED and "Authorization" not in self._headers:
            self._headers["Authorization"] = f"Bearer {self._token()}"
            status, content = self._send(path, data)
        if status != http.HTTPStatus.OK:
            raise _Failed(f"{path}: answered {status}: {content[:200].decode('utf-8', 'replace')}")
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise _Failed(f"{path}: {error}") from error

    def _send(self, path: str, data: bytes | None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.uri + path, data, self._headers)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, http.client.HTTPException) as error:
            raise _Failed(f"{path}: {error}") from error

    def _token(self) -> str:
        asking = google.auth.transport.requests.Request()
        try:
            token: str = id_token.fetch_id_token(  # type: ignore[no-untyped-call]
                asking, self._audience
            )
        except GoogleAuthError as error:
            raise DeployError(
                f"{self.uri}: asks for an identity, and this account has none to give: {error}"
            ) from error
        return token


def smoke(endpoint: Endpoint, expected: Expected, bounds: Bounds) -> Passed:
    """Tests until one try passes. Raises DeployError with the last reason when none did."""
    return _tried(endpoint, bounds, lambda: _try(endpoint, expected, bounds.seconds))


def wait_until_healthy(endpoint: Endpoint, bounds: Bounds) -> None:
    """Asks until the function is ready to write. Raises DeployError when it never was."""
    _tried(endpoint, bounds, lambda: _healthy(endpoint))


def _tried(endpoint: Endpoint, bounds: Bounds, test: Callable[[], T]) -> T:
    for number in itertools.count(1):
        try:
            return test()
        except _Failed as failed:
            if number >= bounds.tries:
                raise DeployError(
                    f"{endpoint.uri}: failed {number} smoke tests; the last: {failed}"
                ) from failed
        time.sleep(bounds.pause)
    raise AssertionError("itertools.count ended")


def _healthy(endpoint: Endpoint) -> None:
    status = endpoint.ask("/health", _Health).status
    if status != "ready":
        raise _Failed(f"/health: {status}")


def _try(endpoint: Endpoint, expected: Expected, seconds: float) -> Passed:
    _healthy(endpoint)
    _serves(endpoint, expected)
    brief, text = _good_copy(endpoint, expected)
    quickest = min(_timed(endpoint, brief) for _ in range(TIMED))
    if quickest > seconds:
        raise _Failed(
            f"/v1/copy: the quickest of {TIMED} took {quickest:.2f} s, above {seconds:g} s"
        )
    return Passed(expected.digest, text, quickest)


def _serves(endpoint: Endpoint, expected: Expected) -> None:
    release = endpoint.ask("/info", _Info).release
    if release is None:
        raise _Failed("/info: no release is loaded")
    if release.digest != expected.digest:
        why = f" ({release.trouble})" if release.trouble else ""
        raise _Failed(f"/info: serves release {release.digest}, not {expected.digest}{why}")
    if release.degraded and not expected.degraded:
        raise _Failed(f"/info: serves degraded: {release.trouble}")


def _good_copy(endpoint: Endpoint, expected: Expected) -> tuple[dict[str, Any], str]:
    """A brief, and copy for it that passes every check. The function's own examples are asked."""
    failed: list[str] = []
    for brief in _briefs(endpoint):
        copy = endpoint.ask("/v1/copy", _Copy, brief)
        if copy.model.digest != expected.digest:
            raise _Failed(f"/v1/copy: written by release {copy.model.digest}")
        for variant in copy.variants:
            failed = [check for check, passed in variant.checks.items() if not passed]
            if variant.checks and not failed:
                return brief, variant.text
    raise _Failed(f"/v1/copy: no copy passed all its checks; the last failed {failed}")


def _briefs(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    templates = endpoint.ask("/v1/templates", _Templates).templates
    for seed, template in itertools.product(SEEDS, templates):
        yield template.example | {"seed": seed}


def _timed(endpoint: Endpoint, brief: dict[str, Any]) -> float:
    started = time.perf_counter()
    endpoint.ask("/v1/copy", _Copy, brief)
    return time.perf_counter() - started
