"""The official files of E2E: meanings with their references, and texts that systems wrote.

https://github.com/tuetschek/e2e-dataset holds the original data, e2e-cleaning beside it the
cleaned; both lie anywhere under one directory that the caller names. Meanings with references may
also come from a data set of the Hugging Face hub, which is taken to be of the edition asked for.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from finetune.meanings import Slot, brief_fields, parse_meaning
from finetune.sources import RawRow, Source, find_sources, read_source
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


COLUMNS = (("mr", "meaning_representation"), ("ref", "human_reference"))
"""The columns of meaning and reference, as the official files and as the hub's copies name them."""


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

    data: a directory with the official files, or OWNER/NAME of the hub. Rows of one meaning are one
    case, wherever they stand. Raises StageError naming the source, and the line if one is at fault.
    """
    source = _source(data, edition, split)
    references: dict[str, list[str]] = {}
    for row in read_source(source, None):
        if not isinstance(row, RawRow):
            raise StageError(str(row))
        mr, ref = (_column(row, names) for names in COLUMNS)
        if not isinstance(mr, str) or not isinstance(ref, str):
            told = " and ".join(" or ".join(f"`{name}`" for name in names) for names in COLUMNS)
            raise StageError(f"{source.name}: its columns are not {told}")
        references.setdefault(mr, []).append(ref)
    try:
        return [Case(parse_meaning(mr), tuple(refs)) for mr, refs in references.items()]
    except ValueError as error:
        raise StageError(f"{source.name}: its meanings: {error}") from error


def _source(data: Path, edition: Edition, split: str) -> Source:
    if data.is_dir() or len(data.parts) != 2 or data.is_absolute():
        [source] = find_sources(str(_find(data, FILES[edition, split])))
        return source
    found = [source for source in find_sources(str(data)) if source.split == split]
    if not found:
        raise StageError(f"{data}: this data set of the hub has no {split} split")
    return found[0]


def _column(row: RawRow, names: Sequence[str]) -> object:
    """The first of the columns that the row has."""
    return next((row.fields[name] for name in names if name in row.fields), None)


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
