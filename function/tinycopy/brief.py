"""The brief: what a caller asks for, its fields, limits and word ranges.

Not covered here: how a brief becomes model input (encoding.py) and how copy is tested
against it (checks.py).
"""

import unicodedata
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

MAX_PRODUCT = 120
MAX_CATEGORY = 80
MAX_FEATURES = 8
MAX_FEATURE = 160
MAX_AUDIENCE = 80
MAX_KEYWORDS = 5
MAX_KEYWORD = 40
MAX_PROMPT = 600


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


class Brief(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What the caller asks for: a product with features, or a free prompt.

    Text fields are normalised (see `normalise`) when a brief is made. Raises ValueError (which
    msgspec turns into ValidationError) naming the field when `product` and `prompt` are both
    given or both missing, or when a text is empty after normalisation.
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

    @property
    def word_range(self) -> tuple[int, int]:
        """Fewest and most words (both inclusive) that the copy may have."""
        return WORD_RANGES[self.type][self.length]

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
