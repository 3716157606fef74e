"""A brief as model input, and the slots that carry its facts into the copy.

The plain text of a brief is what a teacher reads. A student reads the same text with slots: the
product, keywords, features, proper names and numbers are marked with one symbol each, the student
writes the symbol, and `Slots.fill` puts the caller's own characters back. So a feature or a price
is exact or absent, however small the student.

A release names the encoding that it was trained with; the function refuses one that it does not
know. Encoding 1 had no slots for features; in encoding 2 they did not tell what kind of phrase a
feature is (phrases.py); in encoding 3 each keyword had a slot of its own, and "a" was part of a
feature.
"""

import itertools
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tinycopy.articles import takes_an, without_article
from tinycopy.brief import Brief
from tinycopy.phrases import PRICE, Kind, as_phrases, kind
from tinycopy.prompts import Parts, understood
from tinycopy.spans import NAME, NAME_OR_NUMBER, NUMBER
from tinycopy.wording import has_keyword

ENCODING = 4
"""What new students are trained with."""
ENCODINGS = (1, 2, 3, ENCODING)
"""What the function can serve."""

PRODUCT, CATEGORY, AUDIENCE = "\ue000", "\ue001", "\ue002"
KEYWORDS = tuple(chr(0xE010 + i) for i in range(5))
NUMBERS = tuple(chr(0xE020 + i) for i in range(16))
NAMES = tuple(chr(0xE040 + i) for i in range(12))
FEATURES = {k: tuple(chr(0xE060 + 8 * k + i) for i in range(8)) for k in Kind}
"""The slots for features of each kind."""
UNTYPED = tuple(chr(0xE050 + i) for i in range(12))
"""The slots for features of encoding 2."""
ANY_FEATURE = frozenset(UNTYPED).union(*FEATURES.values())
MARKERS = (
    PRODUCT,
    CATEGORY,
    AUDIENCE,
    *KEYWORDS,
    *NUMBERS,
    *NAMES,
    *itertools.chain(*FEATURES.values()),
)
"""One private-use character per slot; `brief.normalise` keeps them out of callers' text."""

_SLOT = re.compile(rf"(\b[Aa]n? )?([{''.join((*MARKERS, *UNTYPED))}])")
_AN = re.compile(rf"(\b[Aa])n (?=[{''.join(MARKERS)}])")
_ARTICLE = re.compile("(?:a|an|the) ", re.I)
_PROMPT_BREAK = re.compile(r"((?:[,;:.!?]|\s[-\u2013\u2014])(?:\s+(?:and\s+)?|$))")
_REQUEST = re.compile(
    r"(?:please|write|need|give|make|create|want|help|sell|promote|i|i'd|we|can|could)\b"
    r"|.*\b(?:description|headline|slogan|tagline|caption|subject line|social post)s?\b",
    re.I,
)
"""How a part of a prompt that asks for copy starts, or what it names."""
_MOST_WORDS = 9
"""Of a part of a prompt that counts as a feature."""
_AT_START = ANY_FEATURE.union(KEYWORDS, (CATEGORY, AUDIENCE))
"""Slots whose span is capitalised where a sentence starts."""
_SENTENCE_START = re.compile("(?:^|[.!?]['\"\u201d\u2019)]*\\s+)$")


def encode(brief: Brief) -> str:
    """The brief as plain text in one line, the same for equal briefs."""
    return _encode(brief, _said(brief))


def _as_it_is(text: str) -> str:
    return text


def _said(brief: Brief) -> Parts:
    return Parts(brief.product, brief.category, brief.features, brief.prompt)


def _encode(
    brief: Brief,
    said: Parts,
    *,
    product: Callable[[str], str] = _as_it_is,
    category: Callable[[str], str] = _as_it_is,
    audience: Callable[[str], str] = _as_it_is,
    feature: Callable[[str], str] = _as_it_is,
    prompt: Callable[[str], str] = _as_it_is,
    keyword: Callable[[str], str] = _as_it_is,
) -> str:
    """The one layout of a brief, each part written by the function given for it."""
    parts = [f"{brief.type.replace('_', ' ')}, {brief.tone}, {brief.length}"]
    if said.product is not None:
        parts.append(product(said.product))
    if said.category:
        parts.append(category(said.category))
    if said.features:
        parts.append("; ".join(map(feature, as_phrases(said.features))))
    if said.prompt:
        parts.append(prompt(said.prompt))
    if brief.audience:
        parts.append("for: " + audience(brief.audience))
    if brief.keywords:
        parts.append("use: " + "; ".join(map(keyword, brief.keywords)))
    return " | ".join(p.replace("|", "/") for p in parts)


@dataclass(frozen=True)
class Slots:
    """The spans of one brief that its copy must repeat exactly.

    source: the encoded brief with markers, what a student reads.
    spans: (marker, span) pairs, in the order in which the source names them.
    keywords: of each keyword, the marker of the slot that it is left to, and the keyword.
    """

    source: str
    spans: tuple[tuple[str, str], ...]
    keywords: tuple[tuple[str, str], ...]

    @property
    def foreign(self) -> frozenset[str]:
        """The markers that the brief lacks: what a student must not write."""
        return frozenset((*MARKERS, *UNTYPED)).difference(marker for marker, _ in self.spans)

    def extract(self, copy: str) -> str:
        """Copy with a marker for every span; `fill` is its inverse, but for "a" or "an"."""
        if not self.spans:
            return copy
        marker_of = {span: marker for marker, span in self.spans}
        starts = {s[0].upper() + s[1:]: m for s, m in marker_of.items() if m in _AT_START}

        def replace(match: re.Match[str]) -> str:
            span = match[0]
            at_start = _SENTENCE_START.search(copy, 0, match.start()) is not None
            if at_start and span in starts:
                return starts[span]
            marker = marker_of.get(span)
            capitalises = marker in _AT_START and at_start and span[0] != span[0].upper()
            return span if marker is None or capitalises else marker

        longest_first = sorted({*marker_of, *starts}, key=len, reverse=True)
        marked = re.sub("|".join(_bounded(s) for s in longest_first), replace, copy)
        return _AN.sub(r"\1 ", marked)

    def fill(self, written: str) -> str | None:
        """What a student wrote, with the spans put back; None at a slot that the brief lacks."""
        span_of = dict(self.spans)
        if not {marker for _, marker in _SLOT.findall(written)} <= set(span_of):
            return None

        def replace(match: re.Match[str]) -> str:
            article, marker = match.groups()
            span = span_of[marker]
            if article and _ARTICLE.match(span):
                return span
            if article:
                return f"{article[0]}{'n' if takes_an(span) else ''} {span}"
            if marker in _AT_START and _SENTENCE_START.search(written, 0, match.start()):
                return span[0].upper() + span[1:]
            return span

        return _SLOT.sub(replace, written)


def _bounded(span: str) -> str:
    """Matches the span, but not inside a word or a number."""
    before = r"(?<!\d)(?<!\d[.,:/])" if NUMBER.match(span) else r"(?<!\w)"
    if NUMBER.fullmatch(span):
        return rf"{before}{span}(?!\d|[.,:/]\d)"
    after = r"(?!\w|[.,:/]\d)" if span[-1].isdigit() else r"(?!\w)"
    return rf"{before}(?<!\w){re.escape(span)}{after}"


def slots(brief: Brief, encoding: int = ENCODING, apart: Collection[str] = ()) -> Slots:
    """The slots of a brief: product, category, audience, 5 keywords, 16 numbers, 12 names, 8
    features of each kind.

    Spans past those limits stay in the source as plain text. Features of one word, without an
    article, are no slots, prices excepted. A prompt is told apart first (prompts.py); before
    encoding 4, and where that fails, its parts of up to 9 words between marks count as features. A
    keyword that stands in another slot is left to that slot, but for those in
    `apart`, which get slots of their own.
    """
    said = _said(brief)
    if said.prompt and encoding >= 4:
        said = understood(said.prompt)
    marking = _Marking(brief, said.product, encoding, apart)
    source = _encode(
        brief,
        said,
        product=marking.product,
        category=marking.category,
        audience=marking.audience,
        feature=marking.feature,
        prompt=marking.prompt,
        keyword=marking.keyword,
    )
    spans = tuple((marker, span) for span, marker in marking.marker_of.items())
    return Slots(source, spans, tuple(marking.keywords))


class _Marking:
    """Hands out the markers of one brief, in the order in which its parts are written."""

    def __init__(
        self, brief: Brief, product: str | None, encoding: int, apart: Collection[str]
    ) -> None:
        self._encoding = encoding
        self._apart = apart
        self.marker_of: dict[str, str] = {}
        if product:
            self.marker_of[product] = PRODUCT
        self.keywords: list[tuple[str, str]] = []
        self._own = iter(KEYWORDS)
        if encoding < 4:
            for marker, keyword in zip(KEYWORDS, brief.keywords, strict=False):
                self.marker_of.setdefault(keyword, marker)
        self._fixed = frozenset(self.marker_of)
        self._numbers, self._names = iter(NUMBERS), iter(NAMES)
        untyped = iter(UNTYPED if encoding == 2 else ())
        self._features = {
            kind_: iter(markers) if encoding > 2 else untyped for kind_, markers in FEATURES.items()
        }

    def product(self, span: str) -> str:
        return f"{self.marker_of[span]} {span}"

    def keyword(self, text: str) -> str:
        """A keyword after the marker of what must be written for it."""
        marker = self.marker_of.get(text)
        if marker is None and text not in self._apart:
            bare = without_article(text)
            holders = (m for span, m in self.marker_of.items() if has_keyword(span, bare))
            marker = next(holders, None)
        if marker is None:
            marker = self.marker_of[text] = next(self._own)
        self.keywords.append((marker, text))
        return f"{marker} {text}"

    def category(self, text: str) -> str:
        return self._once(CATEGORY, text)

    def audience(self, text: str) -> str:
        return self._once(AUDIENCE, text)

    def feature(self, text: str) -> str:
        is_short = " " not in text and not (self._encoding > 2 and PRICE.fullmatch(text))
        kind_ = Kind.THING if is_short else kind(text)
        if self._encoding < 4:
            kind_ = Kind.THING if kind_ > Kind.CLAUSE else kind_
        span = without_article(text) if kind_ is Kind.ONE else text
        if is_short or NAME.fullmatch(span) or span in self.marker_of:
            return self._text(text)
        marker = next(self._features[kind_], None)
        return self._text(text) if marker is None else self._span(marker, span)

    def prompt(self, text: str) -> str:
        parts = _PROMPT_BREAK.split(text)
        if self._encoding == 1 or len(parts) == 1:
            return self._text(text)
        for i in range(0, len(parts), 2):
            is_feature = parts[i].count(" ") < _MOST_WORDS and not _REQUEST.match(parts[i])
            parts[i] = (self.feature if is_feature else self._text)(parts[i])
        return "".join(parts)

    def _once(self, marker: str, text: str) -> str:
        is_slot = self._encoding > 2 and text not in self.marker_of
        return self._span(marker if is_slot else None, text)

    def _span(self, marker: str | None, text: str) -> str:
        if marker is None:
            return self._text(text)
        self.marker_of[text] = marker
        return f"{marker} {self._text(text)}"

    def _text(self, text: str) -> str:
        """Text whose names and numbers are slots."""
        return (NUMBER if text.isupper() else NAME_OR_NUMBER).sub(self._name_or_number, text)

    def _name_or_number(self, match: re.Match[str]) -> str:
        span = match[0]
        is_number = NUMBER.fullmatch(span) is not None
        if not is_number and not span[0].isupper():
            return span
        if span not in self.marker_of:
            marker = next(self._numbers if is_number else self._names, None)
            if marker is None:
                return span
            self.marker_of[span] = marker
        marker = self.marker_of[span]
        return marker if is_number and span not in self._fixed else f"{marker} {span}"
