"""The function's source as a zip: the same files give the same bytes, on any machine and day.

Names are sorted, times and modes fixed, and nothing is compressed: deflate's bytes depend on the
version of zlib, and would save a tenth of a zip that is nearly all int8 weights.
"""

import fnmatch
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError
from tinycopy.manifest import ReleaseError
from tinycopy.release import embedded

IGNORE = ".gcloudignore"
ALWAYS_IGNORED = (".git/", IGNORE)
NEEDED = ("main.py", "requirements.txt")
EMBEDDED = "tinycopy/embedded"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can hold
REGULAR_FILE = 0o100644
UNIX = 3
PATTERN = re.compile(r"[\w.*?\[\]-]+/?")


@dataclass(frozen=True)
class Pattern:
    """A line of .gcloudignore: names files, or with a slash at its end folders, at any depth."""

    glob: str
    folders_only: bool

    def ignores(self, parts: tuple[str, ...]) -> bool:
        """Whether the file at the path `parts` stays out."""
        candidates = parts[:-1] if self.folders_only else parts
        return any(fnmatch.fnmatchcase(part, self.glob) for part in candidates)


def read_patterns(source: Path) -> tuple[Pattern, ...]:
    """What stays out of the zip. Raises DeployError on a line of a form that is not read here.

    Refusing such a line keeps this zip and that of `gcloud functions deploy` the same.
    """
    path = source / IGNORE
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    patterns = [*ALWAYS_IGNORED]
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or (text.startswith("#") and not text.startswith("#!")):
            continue
        if not PATTERN.fullmatch(text) or "**" in text:
            raise DeployError(
                f"{path}:{number}: {text!r}: write a name or a glob without a slash, or a folder"
                " with a slash at its end"
            )
        patterns.append(text)
    return tuple(Pattern(text.rstrip("/"), text.endswith("/")) for text in patterns)


def source_files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file to deploy, sorted. Raises DeployError on a link."""
    patterns = read_patterns(source)
    for path in sorted(source.rglob("*"), key=lambda path: path.relative_to(source).as_posix()):
        name = path.relative_to(source)
        if any(pattern.ignores(name.parts) for pattern in patterns):
            continue
        if path.is_symlink():
            raise DeployError(
                f"{path}: is a link: deploy files, since a zip cannot hold its target"
            )
        if path.is_file():
            yield name.as_posix(), path.read_bytes()


def pack(source: Path) -> bytes:
    """The zip of `source`. Raises DeployError unless it could serve: entry point, pins, release."""
    for name in NEEDED:
        if not (source / name).is_file():
            raise DeployError(f"{source / name}: missing: {source} is not the function's directory")
    try:
        embedded(source / EMBEDDED)
    except ReleaseError as error:
        raise DeployError(
            f"{source / EMBEDDED}: {error}: restore it from version control"
        ) from error
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in source_files(source):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr = REGULAR_FILE << 16
            entry.create_system = UNIX
            archive.writestr(entry, content)
    return out.getvalue()


def sha256(content: bytes) -> str:
    """The digest that names a zip."""
    return hashlib.sha256(content).hexdigest()
