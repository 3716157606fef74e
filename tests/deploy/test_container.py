"""The Dockerfile: linted, and its steps replayed in a directory that stands for the image's root.

No Docker engine is needed, hence what this cannot show: that the base image is the one that its
digest names. Packages are those of this environment, whose versions the pins are held to.
"""

import contextlib
import http.client
import json
import os
import re
import resource
import shlex
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.function.server import BRIEF, WAIT_SECONDS, listens, until
from tests.gcs import free_port

ROOT = Path(__file__).parents[2]
BASE = re.compile(r"python:3\.13\.\d+-slim@sha256:[0-9a-f]{64}")
STOP_SECONDS = 30
PROBE = 4  # bytes that tempfile writes to learn whether a folder can be written


def instructions(text: str) -> list[tuple[str, str]]:
    """Instruction and its arguments, continued lines joined, comments left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = lines.replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in joined if line.strip()]


DOCKERFILE = instructions((ROOT / "Dockerfile").read_text())


def of(name: str) -> list[str]:
    return [arguments for instruction, arguments in DOCKERFILE if instruction == name]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(of("ENV")[0]))


def in_context(path: Path) -> bool:
    """Whether .dockerignore lets a file into the build. Its last pattern that fits decides."""
    name, inside = path.relative_to(ROOT).as_posix(), True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parents = [name, *map(str, Path(name).parents)]
        candidates = [part for part in parents if part != "."]
        if line.startswith("**/"):
            candidates = list(Path(name).parts)
        if line and line[0] != "#" and any(fnmatch(part, pattern) for part in candidates):
            inside = line.startswith("!")
    return inside


@dataclass(frozen=True)
class Image:
    """A directory that holds what the image adds to its base, and the commands in it."""

    root: Path

    def rooted(self, text: str) -> str:
        """Paths of the image, as they are here."""
        return re.sub(r"(?<![\w./])/srv\b", f"{self.root}/srv", text)

    def environ(self, port: int) -> dict[str, str]:
        named = {name: self.rooted(value) for name, value in environment().items()}
        named["PATH"] = named["PATH"].replace("$PATH", os.environ["PATH"])
        return named | {"PORT": str(port), "OMP_NUM_THREADS": "1"}

    def snapshot(self) -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in self.root.rglob("*")
        }


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Replays COPY and RUN of the build stage; `pip install` finds this environment's packages."""
    image = Image(tmp_path_factory.mktemp("image"))
    for path in filter(Path.is_file, (ROOT / "function").rglob("*")):
        if in_context(path):
            target = image.root / "srv" / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (run,) = of("RUN")
    for command in run.split("&&"):
        words = shlex.split(image.rooted(command))
        if "pip" in words:
            install(image, words)
        else:
            subprocess.run([sys.executable, *words[1:]], check=True, timeout=WAIT_SECONDS)
    for path in image.root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o555)
    return image


def install(image: Image, words: list[str]) -> None:
    """What pip would put into the image's environment, for the requirements that it is told."""
    requirements = Path(words[words.index("--requirement") + 1])
    assert requirements.read_text() == (ROOT / "function" / "requirements.txt").read_text()
    venv = Path(words[words.index("--python") + 1]).parents[1]
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "installed.pth").write_text("\n".join(site.getsitepackages()))
    script = venv / "bin" / "functions-framework"
    main = "from functions_framework._cli import _cli\n_cli()\n"
    script.write_text(f"#!{venv}/bin/python\n{main}")
    script.chmod(0o755)


@contextlib.contextmanager
def running(image: Image) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """CMD in the image, unable to write more to a file than tempfile does to try a folder."""
    port = free_port()
    server = subprocess.Popen(
        [shutil.which(command()[0], path=image.environ(port)["PATH"]) or "", *command()[1:]],
        cwd=image.rooted(of("WORKDIR")[0]),
        env=image.environ(port),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (PROBE,) * 2),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: server.poll() is not None or listens(port))
        assert server.poll() is None, server.stdout and server.stdout.read().decode()
        yield port, server
    finally:
        server.kill()
        server.wait()
        assert server.stdout
        server.stdout.close()


def command() -> list[str]:
    words: list[str] = json.loads(of("CMD")[0])
    return words


def health(image: Image, port: int) -> int:
    """The exit status of HEALTHCHECK's command."""
    words = json.loads(of("HEALTHCHECK")[0].partition("CMD")[2])
    return subprocess.run(words, env=image.environ(port), stderr=subprocess.DEVNULL).returncode


def test_hadolint_has_nothing_to_say() -> None:
    linted = subprocess.run(
        ["hadolint", "--no-color", "Dockerfile"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_base_is_pinned_by_digest_and_the_user_is_not_root() -> None:
    bases = {base.split()[0] for base in of("FROM")}
    assert len(bases) == 1
    assert BASE.fullmatch(bases.pop())
    user, group = (int(part) for part in of("USER")[0].split(":"))
    assert user > 0
    assert group > 0


def test_the_image_holds_the_function_and_its_release_and_nothing_else(image: Image) -> None:
    held = {path.relative_to(image.root / "srv").parts[0] for path in image.root.glob("srv/*")}
    assert held == {"function", "venv"}
    function = image.root / "srv" / "function"
    assert (function / "tinycopy" / "embedded" / "model.bin").stat().st_size > 1_000_000
    assert not (function / "serve.py").exists()
    assert not in_context(ROOT / "README.md")
    assert not in_context(ROOT / "function" / "tinycopy" / "__pycache__" / "x.pyc")


def test_it_serves_on_port_without_writing_and_ends_at_sigterm(image: Image) -> None:
    before = image.snapshot()
    with running(image) as (port, server):
        until(lambda: health(image, port) == 0)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)
        with contextlib.closing(connection):
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/copy", json.dumps(BRIEF), headers)
            answer = connection.getresponse()
            copy = json.loads(answer.read())
        assert answer.status == 200
        assert copy["variants"][0]["text"]
        assert copy["model"]["degraded"] is False
        started = time.monotonic()
        server.terminate()
        assert server.wait(timeout=STOP_SECONDS) == 0
        assert time.monotonic() - started < STOP_SECONDS
        assert health(image, port) != 0
    assert image.snapshot() == before
