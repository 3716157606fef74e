"""The files of the page (page/), as they are served: named by their content, compressed, cached.

Every file lies under one digest of them all, so that the modules find one another by relative
paths and a browser may keep them for good; only index.html is asked for again. Nothing is read
before the page is first asked for. export_page.py writes the same files for a bucket.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template

from flask import Response

from tinycopy.errors import UnknownPath
from tinycopy.service import Call, Service

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class PageFile:
    """One file: its content, plain and gzipped, its media type and its entity tag."""

    content: bytes
    zipped: bytes
    media_type: str
    tag: str


@dataclass(frozen=True)
class Page:
    """The page: the digest that its files lie under, the files by name, and index.html."""

    digest: str
    files: dict[str, PageFile]
    index: PageFile


def policy(api: str = "") -> str:
    """The page's Content-Security-Policy: this host and, if named, the API's, and no other."""
    origins = f"'self' {api}".strip()
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src {origins}; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


@lru_cache(maxsize=1)
def page(api: str = "") -> Page:
    """The page, made at first use. api: where the function is, if not beside the page."""
    contents = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir())}
    frame = contents.pop(INDEX).decode()
    every = hashlib.sha256(b"".join(n.encode() + b"\0" + c for n, c in contents.items()))
    digest = every.hexdigest()[:16]
    index = Template(frame).substitute(
        at=f"page/{digest}",
        api=escape(api),
        modules="\n".join(
            f'<link rel="modulepreload" href="page/{digest}/{name}">'
            for name in contents
            if name.endswith(".js")
        ),
    )
    files = {name: _file(name, content) for name, content in contents.items()}
    return Page(digest, files, _file(INDEX, index.encode()))


def _file(name: str, content: bytes) -> PageFile:
    return PageFile(
        content,
        gzip.compress(content, mtime=0),
        _TYPES[Path(name).suffix],
        hashlib.sha256(content).hexdigest()[:16],
    )


def home(service: Service, call: Call) -> Response:
    """index.html: asked for again each time, and sent only if it changed."""
    response = _answer(call, page().index, "no-cache")
    response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return response


def page_file(service: Service, call: Call) -> Response:
    """A file of the page. Raises UnknownPath for a name or digest that is not this page's."""
    _, _, digest, name = call.request.path.split("/")
    found = page().files.get(name) if digest == page().digest else None
    if found is None:
        raise UnknownPath("the page has changed; load it again")
    return _answer(call, found, _FOR_GOOD)


def _answer(call: Call, found: PageFile, caching: str) -> Response:
    zipped = call.request.accept_encodings.quality("gzip") > 0
    response = Response(found.zipped if zipped else found.content, content_type=found.media_type)
    response.headers["Cache-Control"] = caching
    response.headers["Vary"] = "Accept-Encoding"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{found.tag}-gzip" if zipped else found.tag)
    response.make_conditional(call.request)
    return response
