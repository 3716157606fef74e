"""What goes over the wire: the bodies of requests and answers. OpenAPI is generated from these.

Not covered here: the OpenAI-compatible bodies (completions.py) and errors (errors.py).
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tinycopy.brief import Brief, CopyType, Length, Tone

MAX_VARIANTS = 5
MAX_TEXT = 2000
MAX_OPENING = 300
MAX_SEED = 2**53 - 1  # the largest whole number that every JSON reader keeps exact
MAX_TEMPERATURE = 2.0
MIN_TEMPERATURE = 0.05

Seed = Annotated[
    int,
    Meta(ge=0, le=MAX_SEED, description="The same seed, brief and release give the same answer."),
]
Temperature = Annotated[
    float,
    Meta(ge=0, le=MAX_TEMPERATURE, description="Higher: more varied; 0: the most predictable."),
]


class CopyRequest(Brief, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A brief, and how many variants of copy to write for it."""

    variants: Annotated[
        int, Meta(ge=1, le=MAX_VARIANTS, description="How many copies that differ to write.")
    ] = 1
    seed: Seed | None = None
    temperature: Temperature | None = None
    opening: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_OPENING)] | None,
        Meta(description="Words that each copy starts with; the rest is written on from them."),
    ] = None


class CheckRequest(Brief, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Copy, wherever it came from, and the brief to check it against."""

    text: Annotated[str, Meta(max_length=MAX_TEXT, description="The copy to check.")]


class ChecksBody(msgspec.Struct, frozen=True):
    """Each check that applies to the brief: true if the copy passed."""

    checks: dict[str, bool]


class VariantBody(msgspec.Struct, frozen=True):
    """One copy, and each check that applies to it: true if it passed."""

    text: str
    checks: dict[str, bool]


class ModelBody(msgspec.Struct, frozen=True):
    """The release that wrote the copy.

    source: "bucket" or "embedded"; degraded: the release that was asked for could not be loaded.
    """

    digest: str
    source: str
    degraded: bool


class Usage(msgspec.Struct, frozen=True):
    """What the answer cost: tokens read and written, candidates sampled, milliseconds writing."""

    prompt_tokens: int
    completion_tokens: int
    candidates: int
    generation_ms: float


class CopyBody(msgspec.Struct, frozen=True):
    """Copy for a brief: the variants, best first. Fewer than asked for if too few differ."""

    id: str
    variants: tuple[VariantBody, ...]
    model: ModelBody
    usage: Usage


class FormField(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of the form for a brief, with its limits.

    kind: "text", "list" (of texts), "choice", "integer" or "number"; max_length counts characters
    (Unicode code points); least and most are inclusive.
    """

    name: str
    kind: str
    description: str
    required: bool = False
    max_length: int | None = None
    max_items: int | None = None
    choices: tuple[str, ...] = ()
    default: str | int | None = None
    least: float | None = None
    most: float | None = None


class WordRange(msgspec.Struct, frozen=True):
    """Fewest and most words, both inclusive.

    characters: the least `max_characters` with which they are still asked for.
    """

    least: int
    most: int
    characters: int


class Template(msgspec.Struct, frozen=True):
    """A type of copy: the words that each length means, and a brief to start from."""

    type: CopyType
    title: str
    words: dict[Length, WordRange]
    example: dict[str, Any]


class CheckBody(msgspec.Struct, frozen=True):
    """A check by its name, and what passing it means."""

    name: str
    summary: str


class TemplatesBody(msgspec.Struct, frozen=True):
    """Everything that a form for briefs needs."""

    templates: tuple[Template, ...]
    fields: tuple[FormField, ...]
    tones: tuple[Tone, ...]
    lengths: tuple[Length, ...]
    checks: tuple[CheckBody, ...]


class ReleaseBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """The release that serves. trouble: why it is not the one that was asked for."""

    digest: str
    source: str
    degraded: bool
    encoding: int
    compute_type: str
    parameters: int
    bytes: int
    created_at: str
    git_commit: str
    scores: dict[str, float]
    trouble: str | None = None


class InfoBody(msgspec.Struct, frozen=True):
    """The release that serves (null while none is loaded), limits and versions."""

    release: ReleaseBody | None
    limits: dict[str, int]
    versions: dict[str, str]


class HealthBody(msgspec.Struct, frozen=True):
    """Liveness: "ready", "loading", or "failing" when no release could be loaded yet."""

    status: str
