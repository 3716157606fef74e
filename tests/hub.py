"""A Hugging Face hub for tests: the part of its HTTP API with which its clients list and download.

What the clients ask for was seen from huggingface_hub 2.4.
"""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "c0" * 20


@contextlib.contextmanager
def served(repositories: dict[str, Path]) -> Iterator[dict[str, str]]:
    """Serves directories as repositories while the block runs; variables that lead a client there.

    repositories: "datasets/OWNER/NAME" or "models/OWNER/NAME" -> directory.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix("/")
            place, _, wanted = path.partition("/resolve/")
            for name, directory in repositories.items():
                if path.startswith(f"api/{name}"):
                    self._describe(name, directory, path.removeprefix(f"api/{name}"))
                    break
                if place == name.removeprefix("models/"):
                    self._send(directory / wanted.partition("/")[2])
                    break
            else:
                self._answer(404)

        do_HEAD = do_GET  # noqa: N815

        def _describe(self, name: str, directory: Path, asked: str) -> None:
            files = sorted(f for f in directory.iterdir() if f.is_file())
            if asked.startswith("/tree/"):
                inside = asked.removeprefix(f"/tree/{COMMIT}")
                found: Any = [
                    {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": etag(f)}
                    for f in files
                    if not inside
                ]
            else:
                siblings = [{"rfilename": f.name} for f in files]
                repository = name.partition("/")[2]
                found = {"id": repository, "sha": COMMIT, "siblings": siblings, "tags": []}
            self._answer(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

        def _send(self, file: Path) -> None:
            if not file.is_file():
                missing = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
                self._answer(404, headers=missing)
            else:
                headers = {"ETag": f'"{etag(file)}"', "X-Repo-Commit": COMMIT}
                self._answer(200, file.read_bytes(), headers)

        def _answer(
            self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HUB_OFFLINE": "0"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def etag(file: Path) -> str:
    """What a hub says of a file's content."""
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
