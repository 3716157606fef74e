"""The part of Google's APIs that a deployment uses, on the wire, with revisions that really run.

Cloud Functions v2 (functions.get, functions.patch, operations.get) and the Cloud Run Admin API v2
(services.get, services.patch with updateMask=traffic, operations.get), as their references describe
them: long-running operations, etags, field masks, errors in google.rpc.Status. A patched function
is "built" by unpacking its zip from the bucket and starting functions-framework in it; the main URL
divides requests among the revisions as the traffic says, and each tag has a URL of its own.
"""

import contextlib
import http.client
import io
import itertools
import json
import threading
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.cloud import storage  # type: ignore[import-untyped]

from tests.function.server import Server, running, until

PROJECT, REGION, NAME = "a-project", "europe-west1", "tinycopy"
PLACE = f"projects/{PROJECT}/locations/{REGION}"
FUNCTION, SERVICE = f"{PLACE}/functions/{NAME}", f"{PLACE}/services/{NAME}"
RUN_ACCOUNT = f"{NAME}-run@{PROJECT}.iam.gserviceaccount.com"
BUILD_ACCOUNT = f"{NAME}-build@{PROJECT}.iam.gserviceaccount.com"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
POLLS = 1  # an operation is done when it has been asked for this often


class Refused(Exception):  # noqa: N818 - an answer, not an error of the fake
    """An error answer: HTTP status, google.rpc code name and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.body = {"error": {"code": status, "status": code, "message": message}}
        self.status = status


@dataclass
class Google:
    """What the APIs hold. Tests read it, and may set `before` to refuse or change a call."""

    api: str
    uri: str
    clients: storage.Client
    folder: Path
    start: Callable[[Path], Server]
    source: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, Server] = field(default_factory=dict)
    traffic: list[dict[str, Any]] = field(default_factory=list)
    etag: int = 1
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    splits: list[dict[str, int]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda call: None
    all_on_latest_ignored: bool = False
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def latest(self) -> str:
        """The newest revision."""
        return next(reversed(self.revisions))

    def split(self) -> dict[str, int]:
        """Percent of the traffic by revision."""
        percents: dict[str, int] = {}
        for target in self.traffic:
            name = target.get("revision", self.latest)
            percents[name] = percents.get(name, 0) + target.get("percent", 0)
        return {name: percent for name, percent in percents.items() if percent}

    def build(self, source: dict[str, str]) -> None:
        """Makes a revision from a zip in the bucket. Raises Refused as a failed build does."""
        bucket = self.clients.bucket(source["bucket"])
        blob = bucket.get_blob(source["object"])
        if blob is None:
            raise Refused(404, "NOT_FOUND", f"no object {source['object']}")
        name = f"{NAME}-{len(self.revisions) + 1:05}-abc"
        folder = self.folder / name / "function"
        zipfile.ZipFile(io.BytesIO(blob.download_as_bytes())).extractall(folder)
        if not (folder / "main.py").exists():
            raise Refused(400, "INVALID_ARGUMENT", "Build failed: missing main.py")
        self.revisions[name] = self.start(folder)
        self.source = source

    def function(self) -> dict[str, Any]:
        """functions.get"""
        return {
            "name": FUNCTION,
            "state": "ACTIVE",
            "environment": "GEN_2",
            "url": f"https://{REGION}-{PROJECT}.cloudfunctions.net/{NAME}",
            "buildConfig": {
                "runtime": "python313",
                "entryPoint": "tinycopy",
                "source": {"storageSource": self.source | {"generation": "1"}},
                "serviceAccount": f"projects/{PROJECT}/serviceAccounts/{BUILD_ACCOUNT}",
            },
            "serviceConfig": {
                "service": SERVICE,
                "revision": self.latest,
                "serviceAccountEmail": RUN_ACCOUNT,
                "environmentVariables": self.environ,
                "uri": self.uri,
                "allTrafficOnLatestRevision": self.split() == {self.latest: 100},
            },
        }

    def service(self) -> dict[str, Any]:
        """services.get"""
        statuses = []
        for target in self.traffic:
            name = target.get("revision", self.latest)
            uri = f"http://127.0.0.1:{self.revisions[name].port}"
            statuses.append(target | ({"uri": uri} if "tag" in target else {}))
        return {
            "name": SERVICE,
            "uri": self.uri,
            "etag": f'"{self.etag}"',
            "generation": str(self.etag),
            "latestReadyRevision": f"{SERVICE}/revisions/{self.latest}",
            "latestCreatedRevision": f"{SERVICE}/revisions/{self.latest}",
            "traffic": self.traffic,
            "trafficStatuses": statuses,
        }

    def patch_function(self, mask: set[str], body: dict[str, Any]) -> dict[str, Any]:
        """functions.patch: builds, then moves traffic as Cloud Functions does."""
        known = {"buildConfig.source.storageSource", "serviceConfig.allTrafficOnLatestRevision"}
        if not mask or mask - known:
            raise Refused(400, "INVALID_ARGUMENT", f"updateMask {mask} is not of this fake")
        on_latest = body["serviceConfig"]["allTrafficOnLatestRevision"]
        try:
            self.build(body["buildConfig"]["source"]["storageSource"])
        except Refused as refused:
            return self.operation(f"{PLACE}/operations/", refused)
        if on_latest or self.all_on_latest_ignored:
            self.traffic = [{"type": LATEST, "percent": 100}]
        self.splits.append(self.split())
        return self.operation(f"{PLACE}/operations/")

    def patch_service(self, mask: set[str], body: dict[str, Any]) -> dict[str, Any]:
        """services.patch with the traffic alone."""
        if mask != {"traffic"}:
            raise Refused(400, "INVALID_ARGUMENT", f"updateMask {mask} is not of this fake")
        if body.get("etag", f'"{self.etag}"') != f'"{self.etag}"':
            raise Refused(409, "ABORTED", "the service was changed since: etag")
        for target in body["traffic"]:
            if target["type"] == REVISION and target.get("revision") not in self.revisions:
                raise Refused(400, "INVALID_ARGUMENT", f"no revision {target.get('revision')}")
        if sum(target.get("percent", 0) for target in body["traffic"]) != 100:
            raise Refused(400, "INVALID_ARGUMENT", "traffic must add up to 100")
        self.traffic, self.etag = body["traffic"], self.etag + 1
        self.splits.append(self.split())
        return self.operation(f"{PLACE}/operations/")

    def operation(self, prefix: str, refused: Refused | None = None) -> dict[str, Any]:
        """A new long-running operation, not done yet."""
        name = f"{prefix}{len(self.operations)}"
        self.operations[name] = {"polls": 0, "refused": refused}
        return {"name": name, "done": False}

    def poll(self, name: str) -> dict[str, Any]:
        """operations.get"""
        operation = self.operations[name]
        operation["polls"] += 1
        if operation["polls"] < POLLS:
            return {"name": name}
        refused = operation["refused"]
        error = {"error": {"code": 3, "message": str(refused)}} if refused else {"response": {}}
        return {"name": name, "done": True} | error

    def answer(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of an API."""
        url = urllib.parse.urlsplit(path)
        name = url.path.removeprefix("/v2/")
        mask = set(
            filter(None, dict(urllib.parse.parse_qsl(url.query)).get("updateMask", "").split(","))
        )
        self.calls.append(f"{method} {name.removeprefix(PLACE)}")
        self.before(self.calls[-1])
        if (method, name) == ("GET", FUNCTION):
            return self.function()
        if (method, name) == ("GET", SERVICE):
            return self.service()
        if (method, name) == ("PATCH", FUNCTION):
            return self.patch_function(mask, body)
        if (method, name) == ("PATCH", SERVICE):
            return self.patch_service(mask, body)
        if method == "GET" and name in self.operations:
            return self.poll(name)
        raise Refused(404, "NOT_FOUND", f"{name} was not found")

    def route(self, numbers: Iterator[int]) -> Server:
        """The revision that gets the next request: 100 requests are divided as the traffic says."""
        place, total = next(numbers) * 37 % 100, 0
        for name, percent in self.split().items():
            total += percent
            if place < total:
                self.served.append(name)
                return self.revisions[name]
        raise AssertionError("traffic adds up to less than 100")


@contextlib.contextmanager
def google(
    clients: storage.Client,
    folder: Path,
    start: Callable[[Path], Server] | None = None,
    **environ: str,
) -> Iterator[Google]:
    """The APIs and the main URL on ports of loopback; `environ` is that of every revision.

    `start`, in place of functions-framework, makes a revision of an unpacked zip.
    """
    numbers = itertools.count()
    lock = threading.Lock()
    with contextlib.ExitStack() as stack:

        class Api(Handler):
            def handle_one(self, method: str, body: bytes) -> tuple[int, bytes]:
                try:
                    with lock:
                        found = fake.answer(method, self.path, json.loads(body or b"{}"))
                except Refused as refused:
                    return refused.status, json.dumps(refused.body).encode()
                return 200, json.dumps(found).encode()

        class Main(Handler):
            def handle_one(self, method: str, body: bytes) -> tuple[int, bytes]:
                port = fake.route(numbers).port
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                with contextlib.closing(connection):
                    headers = {"Content-Type": "application/json"}
                    connection.request(method, self.path, body or None, headers)
                    answer = connection.getresponse()
                    return answer.status, answer.read()

        fake = Google(
            api=stack.enter_context(serving(Api)),
            uri=stack.enter_context(serving(Main)),
            clients=clients,
            folder=folder,
            environ=environ,
            start=start or (lambda source: _ready(stack.enter_context(running(source, **environ)))),
        )
        yield fake


def _ready(server: Server) -> Server:
    """The server once it has loaded its release, however busy this machine is."""
    until(lambda: server.ask("GET", "/health").json["status"] != "loading")
    return server


class Handler(BaseHTTPRequestHandler):
    """Answers every request: a subclass says what."""

    content_type = "application/json"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one(self, method: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        raise NotImplementedError

    def relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, content = self.handle_one(self.command, body)
        self.send_response(status)
        self.send_header("Content-Type", self.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = relay  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: a test says what it saw."""


@contextlib.contextmanager
def serving(handler: type[Handler]) -> Iterator[str]:
    """A server on a port of loopback; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
