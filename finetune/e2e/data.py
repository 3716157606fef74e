"""The official files of E2E: meanings with their references, and texts that systems wrote.

https://github.com/tuetschek/e2e-dataset holds the original data, e2e-cleaning beside it the
cleaned; both lie anywhere under one directory that the caller names.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from finetune.meanings import Slot, brief_fields, parse_meaning
from finetune.sources import RawRow, find_sources, read_source
from finetune.stage import StageError
from tinycopy.brief import Brief, CopyType, Length


class Edition(StrEnum):
    """The data as first published, or with meanings mended to say what the references say."""

    ORIGINAL = "original"
    CLEANED = "cleaned"


FILES = {
    (Edition.ORIGINAL, "train"): "trainset.csv",
    (Edition.CLEANED, "train"): "train-fixed.no-ol.csv",
    (Edition.ORIGINAL, "valid"): "devset.csv",
    (Edition.ORIGINAL, "test"): "testset_w_refs.csv",
    (Edition.CLEANED, "valid"): "devel-fixed.no-ol.csv",
    (Edition.CLEANED, "test"): "test-fixed.csv",
}


class Case(msgspec.Struct, frozen=True):
    """One meaning with everything that people wrote for it."""

    meaning: tuple[Slot, ...]
    references: tuple[str, ...]

    @property
    def text(self) -> str:
        """The meaning as the files write it."""
        return ", ".join(f"{slot.name}[{slot.value}]" for slot in self.meaning)

    @property
    def brief(self) -> Brief:
        """The brief of a meaning, as the recipe `e2e` trains on it."""
        fixed = {"type": CopyType.PRODUCT_DESCRIPTION, "length": Length.SHORT}
        return msgspec.convert(fixed | brief_fields(self.meaning), Brief)


def read_cases(data: Path, edition: Edition, split: str) -> list[Case]:
    """The cases of an edition's split (`train`, `valid` or `test`), in the order of the file.

    Rows of one meaning are one case, wherever they stand. Raises StageError naming the file, and
    the line if one is at fault.
    """
    path = _find(data, FILES[edition, split])
    references: dict[str, list[str]] = {}
    [source] = find_sources(str(path))
    for row in read_source(source, None):
        if not isinstance(row, RawRow):
            raise StageError(str(row))
        mr, ref = row.fields.get("mr"), row.fields.get("ref")
        if not isinstance(mr, str) or not isinstance(ref, str):
            raise StageError(f"{path}: its columns are not `mr` and `ref`")
        references.setdefault(mr, []).append(ref)
    try:
        return [Case(parse_meaning(mr), tuple(refs)) for mr, refs in references.items()]
    except ValueError as error:
        raise StageError(f"{path}: `mr`: {error}") from error


def read_texts(path: Path, cases: Sequence[Case]) -> list[str]:
    """One text for each case, a line each. Raises StageError if their number is another."""
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StageError(f"{path}: {error}") from error
    if len(texts) != len(cases):
        raise StageError(f"{path}: has {len(texts)} lines for {len(cases)} meanings")
    return texts


def stored_outputs(data: Path, edition: Edition) -> list[Path]:
    """What TGen's runs wrote, trained and tested on one edition, as e2e-cleaning stores it."""
    short = {Edition.ORIGINAL: "orig", Edition.CLEANED: "clean"}[edition]
    wanted = f"train-{short}_test-{short}"
    found = sorted(
        p for p in data.rglob("*.txt") if wanted in p.as_posix() and "tgen-std" in p.name
    )
    if not found:
        raise StageError(f"{data}: holds no output of tgen-std for {wanted}; clone e2e-cleaning")
    return found


def _find(data: Path, name: str) -> Path:
    found = sorted(data.rglob(name))
    if not found:
        raise StageError(f"{data}: holds no {name}; clone the repositories of E2E there")
    return found[0]
