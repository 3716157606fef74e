"""The brief: what a caller asks for, its fields, limits and word ranges.

Not covered here: how a brief becomes model input (encoding.py) and how copy is tested
against it (checks.py).
"""

import unicodedata
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_PRODUCT = 120
MAX_CATEGORY = 80
MAX_FEATURES = 8
MAX_FEATURE = 160
MAX_AUDIENCE = 80
MAX_KEYWORDS = 5
MAX_KEYWORD = 40
MAX_PROMPT = 600
MIN_CHARACTERS = 10
MAX_CHARACTERS = 2000
CHARACTERS_PER_WORD = 6
"""What copy takes for a word and the space after it: the median of the shipped deck is 5.6."""


class CopyType(StrEnum):
    """The kinds of copy that the student writes."""

    PRODUCT_DESCRIPTION = "product_description"
    SOCIAL_POST = "social_post"
    AD_HEADLINE = "ad_headline"
    SLOGAN = "slogan"
    EMAIL_SUBJECT = "email_subject"


class Tone(StrEnum):
    """How the copy sounds."""

    FORMAL = "formal"
    CASUAL = "casual"
    EXCITING = "exciting"
    PROFESSIONAL = "professional"


class Length(StrEnum):
    """How long the copy is; the words that it means depend on the type."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


WORD_RANGES: dict[CopyType, dict[Length, tuple[int, int]]] = {
    type_: dict(zip(Length, ranges, strict=True))
    for type_, ranges in {
        CopyType.PRODUCT_DESCRIPTION: ((15, 30), (31, 60), (61, 100)),
        CopyType.SOCIAL_POST: ((6, 18), (19, 35), (36, 60)),
        CopyType.AD_HEADLINE: ((2, 5), (6, 9), (10, 14)),
        CopyType.SLOGAN: ((2, 4), (5, 7), (8, 12)),
        CopyType.EMAIL_SUBJECT: ((2, 5), (6, 9), (10, 14)),
    }.items()
}
"""Fewest and most words (both inclusive) of each type and length."""
NAMING = (CopyType.PRODUCT_DESCRIPTION, CopyType.SOCIAL_POST)
"""The types whose copy names the product."""


def room_for(type_: CopyType, length: Length) -> int:
    """Characters that the fewest words of a type and length take."""
    fewest, _ = WORD_RANGES[type_][length]
    return CHARACTERS_PER_WORD * fewest


def normalise(text: str) -> str:
    """NFC, one space for any run of white space, no control, format or private-use characters.

    Private-use characters are the encoding's own slot markers, so none may come from outside.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) not in ("Cf", "Co", "Cs", "Cn") or c == "\u200d"
    )
    return " ".join("".join(kept).split())


Characters = Annotated[
    int,
    Meta(
        ge=MIN_CHARACTERS,
        le=MAX_CHARACTERS,
        description="Most characters of the copy, spaces included; "
        "goes before `length` where both cannot be met.",
    ),
]


class Brief(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What the caller asks for: a product with features, or a free prompt.

    Text fields are normalised (see `normalise`) when a brief is made. Raises ValueError (which
    msgspec turns into ValidationError) naming the field when `product` and `prompt` are both
    given or both missing, when a text is empty after normalisation, or when the texts that copy
    must hold are longer than `max_characters`.
    """

    type: Annotated[CopyType, Meta(description="The kind of copy to write.")]
    product: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_PRODUCT)] | None,
        Meta(description="The product's name, written into the copy exactly as given."),
    ] = None
    category: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_CATEGORY)] | None,
        Meta(description="What the product is, for instance 'trail running shoe'."),
    ] = None
    features: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_FEATURE)], ...],
        Meta(max_length=MAX_FEATURES, description="Facts that the copy may state."),
    ] = ()
    prompt: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT)] | None,
        Meta(description="A free description, in place of product, category and features."),
    ] = None
    tone: Annotated[Tone, Meta(description="How the copy sounds.")] = Tone.PROFESSIONAL
    length: Annotated[
        Length, Meta(description="How long the copy is; see /v1/templates for the words.")
    ] = Length.MEDIUM
    audience: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_AUDIENCE)] | None,
        Meta(description="Whom the copy addresses, for instance 'weekend runners'."),
    ] = None
    keywords: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_KEYWORD)], ...],
        Meta(max_length=MAX_KEYWORDS, description="Words that the copy must contain."),
    ] = ()
    # Unset, not None: so a brief without a limit is written as it was before there were limits,
    # and the digests of decks and labels hold. No model reads the limit (encoding.py).
    max_characters: Characters | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        for name in ("product", "category", "prompt", "audience"):
            value = getattr(self, name)
            if value is not None:
                msgspec.structs.force_setattr(self, name, _cleaned(name, value))
        for name in ("features", "keywords"):
            cleaned = tuple(_cleaned(f"{name}[{i}]", v) for i, v in enumerate(getattr(self, name)))
            msgspec.structs.force_setattr(self, name, tuple(dict.fromkeys(cleaned)))
        if self.prompt is None and self.product is None:
            raise ValueError("`product`: give a product, or a `prompt` in its place")
        if self.prompt is not None:
            for name in ("product", "category", "features"):
                if getattr(self, name):
                    raise ValueError(f"`{name}`: cannot be combined with `prompt`")
        if self.max_characters is None:
            msgspec.structs.force_setattr(self, "max_characters", UNSET)
        if self.max_characters and (least := self._least_characters()) > self.max_characters:
            raise ValueError(
                f"`max_characters`: what the copy must name takes {least} characters; "
                "allow more, or give fewer keywords"
            )

    def _least_characters(self) -> int:
        """What the product's name, where the copy must give it, and the keywords take together."""
        names = (self.product,) if self.product and self.type in NAMING else ()
        needed: list[str] = []
        for text in sorted((*names, *self.keywords), key=len, reverse=True):
            if not any(text.lower() in longer.lower() for longer in needed):
                needed.append(text)
        return len(" ".join(needed))

    @property
    def word_range(self) -> tuple[int, int]:
        """Fewest and most words (both inclusive) that the copy may have."""
        return WORD_RANGES[self.type][self.length]

    @property
    def length_fits(self) -> bool:
        """Whether `max_characters` has room for the words that the length asks for."""
        return self._fits(self.length)

    @property
    def length_to_write(self) -> Length:
        """The longest length, up to the one asked for, that `max_characters` has room for."""
        lengths = list(Length)
        fitting = filter(self._fits, lengths[: lengths.index(self.length) + 1])
        return [Length.SHORT, *fitting][-1]

    def _fits(self, length: Length) -> bool:
        return not self.max_characters or room_for(self.type, length) <= self.max_characters

    @property
    def facts(self) -> str:
        """Everything that the caller said about the product, as one text."""
        parts = (self.product, self.category, *self.features, self.prompt, self.audience)
        return " ; ".join(p for p in (*parts, *self.keywords) if p)


def _cleaned(name: str, value: str) -> str:
    cleaned = normalise(value)
    if not cleaned:
        raise ValueError(f"`{name}`: is empty")
    return cleaned
