"""One row of a deck: from the columns of a file to a brief with its copy.

Not covered here: reading files (sources.py), dropping rows (splits.py, deck.py).
"""

import re
from collections.abc import Mapping

import msgspec

from finetune.cleaning import clean
from finetune.meanings import brief_fields, parse_meaning
from tinycopy.brief import WORD_RANGES, Brief, Length

FIELDS = (*(f for f in Brief.__struct_fields__ if f != "max_characters"), "copy")
"""The fields of a deck row: a brief's, but for the limit, which no model reads, and the copy."""

_LISTS = ("features", "keywords")
_PATH = re.compile(r" - at `\$\.(\w+)[^`]*`")
_QUOTED = re.compile(r"`(\w+)[^`]*`")


class Row(msgspec.Struct, frozen=True):
    """One row of a deck.

    group: the product or the prompt of the brief, or its meaning representation if it came as
        one; rows of one group stay in one split.
    """

    brief: Brief
    copy: str
    group: str


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be used.

    line: of the file, from 1; the row, from 1, in a Parquet file or a data set of the hub.
    field: the deck field at fault; None when the line as a whole is.
    """

    file: str
    line: int
    field: str | None
    reason: str

    def __str__(self) -> str:
        field = f" `{self.field}`:" if self.field else ""
        return f"{self.file}:{self.line}:{field} {self.reason}"


class FieldError(ValueError):
    """What is wrong with one field of a row."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(f"`{field}`: {reason}")
        self.field, self.reason = field, reason


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which column of a data set holds which field of a deck.

    columns: deck field -> column, where the two have different names.
    constants: deck field -> the value that every row has.
    ignore: columns that a deck does not need; any other unknown column makes a bad row.
    meaning: the column that holds meaning representations, which briefs are made of (meanings.py).
    """

    columns: dict[str, str] = {}
    constants: dict[str, str | list[str]] = {}
    ignore: tuple[str, ...] = ()
    meaning: str | None = None

    def __post_init__(self) -> None:
        for table in ("columns", "constants"):
            for field in getattr(self, table):
                if field not in FIELDS:
                    raise ValueError(f"`{table}.{field}`: is no field of a deck; {_named(FIELDS)}")
        for field in sorted(set(self.columns) & set(self.constants)):
            raise ValueError(f"`constants.{field}`: is also in `columns`; keep one of the two")

    def pick(self, row: Mapping[str, object]) -> dict[str, object]:
        """The deck fields of a row; raises FieldError for a column that is none of them."""
        column_of = {f: self.columns.get(f, f) for f in FIELDS}
        for column in row:
            if column not in (*column_of.values(), *self.ignore, self.meaning):
                reason = "is no field of a deck; map it under `columns` or name it under `ignore`"
                raise FieldError(column, reason)
        picked = {f: row[c] for f, c in column_of.items() if c in row}
        return {**picked, **self.constants, **self._of_meaning(row)}

    def group(self, row: Mapping[str, object]) -> str | None:
        """What keeps a row in one split with others, where that is not its product or prompt."""
        return None if self.meaning is None else str(row.get(self.meaning))

    def _of_meaning(self, row: Mapping[str, object]) -> Mapping[str, object]:
        if self.meaning is None:
            return {}
        text = row.get(self.meaning)
        if not isinstance(text, str):
            raise FieldError(self.meaning, "is missing" if text is None else "is not text")
        try:
            return brief_fields(parse_meaning(text))
        except ValueError as error:
            raise FieldError(self.meaning, str(error)) from None


def parse_row(fields: Mapping[str, object], group: str | None = None) -> Row:
    """The row that these deck fields make, every text cleaned; raises FieldError.

    Empty fields count as missing. A missing length is the one that the copy's words fit.
    group: None for the product or prompt.
    """
    cleaned = {f: _cleaned(f, value) for f, value in fields.items()}
    present = {f: value for f, value in cleaned.items() if value not in (None, "", [])}
    copy = present.pop("copy", None)
    if not isinstance(copy, str):
        raise FieldError("copy", "is missing or empty" if copy is None else "is not text")
    try:
        brief = msgspec.convert(present, Brief)
    except msgspec.ValidationError as error:
        raise _field_error(str(error)) from None
    if "length" not in present:
        brief = msgspec.structs.replace(brief, length=_length(brief, copy))
    return Row(brief, copy, group or brief.product or brief.prompt or "")


def words(copy: str) -> int:
    """How many words copy has: its runs of characters between spaces."""
    return len(copy.split())


def _length(brief: Brief, copy: str) -> Length:
    most = {length: high for length, (_, high) in WORD_RANGES[brief.type].items()}
    return next((length for length in Length if words(copy) <= most[length]), Length.LONG)


def _cleaned(field: str, value: object) -> object:
    if isinstance(value, str) and field in _LISTS:
        value = _split(field, value)
    if isinstance(value, list | tuple):
        items = [_cleaned("", item) for item in value]
        return [item for item in items if item != ""]
    if not isinstance(value, str):
        return value
    if "\ufffd" in value:
        raise FieldError(field, "holds U+FFFD: its text was not UTF-8; save the file as UTF-8")
    return clean(value)


def _split(field: str, text: str) -> object:
    """A list written in one cell: JSON, or items between `|`, or items between `;`."""
    if text.lstrip().startswith("["):
        try:
            return msgspec.json.decode(text, type=list[str])
        except (msgspec.DecodeError, ValueError) as error:
            raise FieldError(field, f"is no JSON list of texts: {error}") from None
    return text.split("|" if "|" in text else ";")


def _field_error(message: str) -> FieldError:
    """msgspec's words, with the field at fault taken out of them."""
    found = _PATH.search(message) or _QUOTED.search(message)
    reason = _PATH.sub("", message)
    if reason.startswith("`"):
        reason = reason.split(": ", 1)[1]
    return FieldError(found[1] if found else None, reason)


def _named(names: tuple[str, ...]) -> str:
    return "the fields are " + ", ".join(names)
