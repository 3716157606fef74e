"""A stage of the chain: inputs and settings in, an output directory with metadata.json out.

Work happens in a hidden sibling of the output directory, which takes the output's place when the
work is done. So an output is whole or absent, and the same inputs are never worked on twice. A
stage of hours goes on after an interruption with `--resume`; a short one starts over by itself.
"""

import datetime
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

METADATA = "metadata.json"
_Settings = TypeVar("_Settings", bound=msgspec.Struct)
_Output = TypeVar("_Output", bound=msgspec.Struct)
_FINGERPRINT = "fingerprint"
_PACKAGES = ("ctranslate2", "datasets", "sentencepiece", "torch", "transformers")


class StageError(Exception):
    """A stage cannot start or finish; the message says why and what to do."""


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What metadata.json holds: enough to know how an output came to be."""

    stage: str
    fingerprint: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    metrics: dict[str, Any]
    started_at: str
    seconds: float
    git_commit: str
    versions: dict[str, str]


def run_stage(
    stage: str,
    out: Path,
    *,
    inputs: Mapping[str, str],
    settings: msgspec.Struct,
    work: Callable[[Path], Mapping[str, Any]],
    resumable: bool = True,
    resume: bool = False,
) -> Metadata:
    """Fill `out` by `work(directory)`, which returns metrics, unless `out` is up to date already.

    inputs: digests of what the stage reads, by name.  resumable: whether `work` can go on from
    what an unfinished run left; if not, that is thrown away.  resume: go on, if there is one to go
    on with. Under torchrun every rank calls this; rank 0 alone moves the output into place. Raises
    StageError when an unfinished run of a resumable stage lies in the way.
    """
    plain = msgspec.to_builtins(settings)
    fingerprint = digest(
        msgspec.json.encode([stage, sorted(inputs.items()), plain], order="sorted")
    )
    if (out / METADATA).exists():
        done = read_metadata(out)
        if done.fingerprint == fingerprint:
            say(f"{stage}: {out} is up to date, nothing to do")
            return done
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StageError(f"{out}: no stage made this; choose another --out, or empty it yourself")
    partial = _prepare(out, fingerprint, resumable, resume)
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    metrics = work(partial)
    metadata = Metadata(
        stage=stage,
        fingerprint=fingerprint,
        inputs=dict(inputs),
        settings=plain,
        metrics=dict(metrics),
        started_at=started.isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - clock, 1),
        git_commit=git_commit(),
        versions={p: importlib.metadata.version(p) for p in _PACKAGES},
    )
    if is_main_process():
        (partial / METADATA).write_bytes(msgspec.json.format(msgspec.json.encode(metadata)) + b"\n")
        _replace(out, partial)
        (out / _FINGERPRINT).unlink()
    wait_for_everyone()
    return metadata


def _prepare(out: Path, fingerprint: str, resumable: bool, resume: bool) -> Path:
    """The directory to work in: empty, or as an unfinished run with this fingerprint left it."""
    partial = out.with_name(f".{out.name}.partial")
    mark = partial / _FINGERPRINT
    if is_main_process():
        # Without its mark, a run broke off before it began.
        if not resumable or not mark.exists():
            shutil.rmtree(partial, ignore_errors=True)
        elif mark.read_text() != fingerprint:
            raise StageError(
                f"{partial}: an unfinished run with other inputs or settings lies here; finish it "
                "with those and --resume, or delete it to start over"
            )
        elif not resume:
            raise StageError(
                f"{partial}: an unfinished run with the same inputs and settings lies here; add "
                "--resume to go on with it, or delete it to start over"
            )
        partial.mkdir(parents=True, exist_ok=True)
        mark.write_text(fingerprint)
    wait_for_everyone()
    return partial


def _replace(out: Path, new: Path) -> None:
    """Put `new` in the place of `out`; a crash in between leaves the old one beside it."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    new.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def checked(values: Mapping[str, Any], kind: type[_Settings]) -> _Settings:
    """The settings that a command was given. Raises StageError naming the one that is wrong."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise StageError(f"settings: {error}") from error


def read_metadata(directory: Path) -> Metadata:
    """The metadata of a finished stage. Raises StageError if there is none."""
    made_by = f"run the stage that makes {directory} first"
    return read_output(directory / METADATA, Metadata, made_by)


def read_output(path: Path, type_: type[_Output], made_by: str) -> _Output:
    """A JSON file that a stage left; `made_by` tells how to have it.

    Raises StageError if it is not there or cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except FileNotFoundError as error:
        raise StageError(f"{path}: not there; {made_by}") from error
    except msgspec.DecodeError as error:
        raise StageError(f"{path}: {error}") from error


def digest(content: bytes) -> str:
    """sha256 of `content`, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal. Raises StageError if the file cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StageError(f"{path}: {error.strerror}; was the stage before this one run?") from error


def git_commit() -> str:
    """The commit of the code, with '-dirty' if it was changed, or '' outside a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        here = Path(__file__).parent
        return subprocess.run(
            command, cwd=here, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def is_main_process() -> bool:
    """True for the process that writes: rank 0, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def wait_for_everyone() -> None:
    """Under torchrun, until every rank is here; at once otherwise."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        import torch
        from accelerate import PartialState

        # Asked for nothing, accelerate would take processes without a GPU for strangers.
        PartialState(cpu=not torch.cuda.is_available()).wait_for_everyone()


def say(text: str) -> None:
    """One line for the person at the terminal, from rank 0 only."""
    if is_main_process():
        print(text, flush=True)
