"""Reading objects of a Cloud Storage bucket with the standard library alone.

docs/decisions/2026-11-22-download.md says why no client library. Not covered here: what the
objects mean (release.py) and writing them (the publishing side).
"""

import http.client
import os
import re
import time
import urllib.parse
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec

from tinycopy.manifest import ReleaseError

HOST = "https://storage.googleapis.com"
METADATA_HOST = "metadata.google.internal"
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"
CHUNK = 1 << 18


class _Token(msgspec.Struct, frozen=True):
    access_token: str


@dataclass(frozen=True)
class Uri:
    """`gs://bucket`, or `gs://bucket/students/<digest>` to pin one release."""

    bucket: str
    pinned: str | None

    @classmethod
    def parse(cls, uri: str) -> "Uri":
        match = re.fullmatch(r"gs://([^/]+)(?:/students/([0-9a-f]{64}))?", uri)
        if match is None:
            raise ReleaseError(f"{uri}: is neither gs://bucket nor gs://bucket/students/<digest>")
        return cls(match[1], match[2])


class Bucket:
    """One bucket, over one connection, with one deadline for everything that is read.

    Asks STORAGE_EMULATOR_HOST without credentials where it is set, else Cloud Storage with the
    token that the metadata server gives to this instance's service account.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self._name = name
        self._deadline = time.monotonic() + seconds
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        url = emulator if "://" in emulator or not emulator else f"http://{emulator}"
        self._headers: dict[str, str] = {}
        self._needs_token = not emulator
        parts = urllib.parse.urlsplit(url or HOST)
        secure = parts.scheme == "https"
        connection = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = connection(parts.hostname or "", parts.port, timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def read(self, name: str, limit: int) -> bytes:
        """The object `name`. Raises ReleaseError naming it if it cannot be read within the deadline
        or has more than `limit` bytes."""
        path = f"/storage/v1/b/{self._name}/o/{urllib.parse.quote(name, safe='')}?alt=media"
        try:
            if self._needs_token:
                self._headers["Authorization"] = f"Bearer {self._token()}"
                self._needs_token = False
            self._limit_wait(self._connection)
            self._connection.request("GET", path, headers=self._headers)
            with self._connection.getresponse() as response:
                if response.status != http.HTTPStatus.OK:
                    raise ReleaseError(f"{name}: the bucket answered {response.status}")
                return self._content(response, name, limit)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ReleaseError(f"{name}: {type(error).__name__}: {error}") from error

    def _limit_wait(self, connection: http.client.HTTPConnection) -> float:
        """Seconds left, set as the connection's timeout. Raises TimeoutError if there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the download took longer than DOWNLOAD_SECONDS")
        connection.timeout = left
        if connection.sock is not None:
            connection.sock.settimeout(left)
        return left

    def _content(self, response: http.client.HTTPResponse, name: str, limit: int) -> bytes:
        # read1 returns with what one packet brought, so that a trickle meets the deadline too.
        content = bytearray()
        while chunk := response.read1(CHUNK):
            content += chunk
            if len(content) > limit:
                raise ReleaseError(f"{name}: more than {limit} bytes")
            self._limit_wait(self._connection)
        if response.length:
            raise ReleaseError(f"{name}: cut off {response.length} bytes before its end")
        return bytes(content)

    def _token(self) -> str:
        host = os.environ.get("GCE_METADATA_HOST") or METADATA_HOST
        connection = http.client.HTTPConnection(host)
        self._limit_wait(connection)
        try:
            connection.request("GET", TOKEN_PATH, headers={"Metadata-Flavor": "Google"})
            response = connection.getresponse()
            body = response.read(CHUNK)
            if response.status != http.HTTPStatus.OK:
                raise ReleaseError(f"the metadata server answered {response.status} for a token")
            return msgspec.json.decode(body, type=_Token).access_token
        except msgspec.DecodeError as error:
            raise ReleaseError(f"the metadata server's token: {error}") from error
        finally:
            connection.close()
