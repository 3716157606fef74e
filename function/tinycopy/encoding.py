"""A brief as model input, and the slots that carry its names and numbers into the copy.

The plain text of a brief is what a teacher reads. A student reads the same text with slots: the
product, keywords, proper names and numbers are marked with one symbol each, the student writes
the symbol, and `Slots.fill` puts the caller's own characters back. So a name or a price is exact
or absent, however small the student.

A release names the ENCODING that it was trained with; the function refuses any other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tinycopy.brief import Brief

ENCODING = 1

PRODUCT = "\ue000"
KEYWORDS = tuple(chr(0xE010 + i) for i in range(5))
NUMBERS = tuple(chr(0xE020 + i) for i in range(16))
NAMES = tuple(chr(0xE040 + i) for i in range(12))
MARKERS = (PRODUCT, *KEYWORDS, *NUMBERS, *NAMES)
"""One private-use character per slot; `brief.normalise` keeps them out of callers' text."""

_MARKER = re.compile("[" + "".join(MARKERS) + "]")
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_APOSTROPHES = "'\u2019"
_CAPITALISED = rf"[^\W\d_a-z][\w{_APOSTROPHES}.&+-]*[\w+]"
_JOIN = r"(?:(?:&|and|of|the|de|la|du|von) )?"
_NEXT_WORD = rf"(?: {_JOIN}(?:{_CAPITALISED}|\d+(?![\w.,:/])))"
_NAME = re.compile(rf"(?<![\w{_APOSTROPHES}]){_CAPITALISED}{_NEXT_WORD}{{0,4}}(?!\w)")
_NAME_OR_NUMBER = re.compile(f"{_NAME.pattern}|{NUMBER.pattern}")
_SENTENCE_START = re.compile("(?:^|[.!?]['\"\u201d\u2019)]*\\s+)$")


def encode(brief: Brief) -> str:
    """The brief as plain text in one line, the same for equal briefs."""
    return _encode(brief, lambda text: text, lambda text: text, lambda text: text)


def _encode(
    brief: Brief,
    product: Callable[[str], str],
    keyword: Callable[[str], str],
    text: Callable[[str], str],
) -> str:
    """The one layout of a brief, each part written by the function given for it."""
    parts = [f"{brief.type.replace('_', ' ')}, {brief.tone}, {brief.length}"]
    if brief.product is not None:
        parts.append(product(brief.product))
    parts.extend(text(p) for p in (brief.category, "; ".join(brief.features), brief.prompt) if p)
    if brief.audience:
        parts.append("for: " + text(brief.audience))
    if brief.keywords:
        parts.append("use: " + "; ".join(map(keyword, brief.keywords)))
    return " | ".join(p.replace("|", "/") for p in parts)


@dataclass(frozen=True)
class Slots:
    """The spans of one brief that its copy must repeat exactly.

    source: the encoded brief with markers, what a student reads.
    spans: (marker, span) pairs, in the order in which the source names them.
    """

    source: str
    spans: tuple[tuple[str, str], ...]

    def extract(self, copy: str) -> str:
        """Copy with every span replaced by its marker; `fill` is its inverse."""
        if not self.spans:
            return copy
        marker_of = {span: marker for marker, span in self.spans}
        starts = {s[0].upper() + s[1:]: m for s, m in marker_of.items() if m in KEYWORDS}

        def replace(match: re.Match[str]) -> str:
            span = match[0]
            at_start = _SENTENCE_START.search(copy, 0, match.start()) is not None
            if at_start and span in starts:
                return starts[span]
            marker = marker_of.get(span)
            capitalises = marker in KEYWORDS and at_start and span[0] != span[0].upper()
            return span if marker is None or capitalises else marker

        longest_first = sorted({*marker_of, *starts}, key=len, reverse=True)
        return re.sub("|".join(_bounded(s) for s in longest_first), replace, copy)

    def fill(self, written: str) -> str | None:
        """What a student wrote, with the spans put back; None at a slot that the brief lacks."""
        span_of = dict(self.spans)
        if not set(_MARKER.findall(written)) <= set(span_of):
            return None

        def replace(match: re.Match[str]) -> str:
            span = span_of[match[0]]
            if match[0] in KEYWORDS and _SENTENCE_START.search(written, 0, match.start()):
                return span[0].upper() + span[1:]
            return span

        return _MARKER.sub(replace, written)


def _bounded(span: str) -> str:
    if NUMBER.fullmatch(span):
        return rf"(?<![\d])(?<!\d[.,:/]){span}(?!\d|[.,:/]\d)"
    return rf"(?<!\w){re.escape(span)}(?!\w)"


def slots(brief: Brief) -> Slots:
    """The slots of a brief: at most one product, 5 keywords, 16 numbers and 12 names.

    Spans past those limits stay in the source as plain text.
    """
    marker_of: dict[str, str] = {}
    if brief.product:
        marker_of[brief.product] = PRODUCT
    for marker, keyword in zip(KEYWORDS, brief.keywords, strict=False):
        marker_of.setdefault(keyword, marker)
    fixed = frozenset(marker_of)
    numbers, names = iter(NUMBERS), iter(NAMES)

    def mark(match: re.Match[str]) -> str:
        span = match[0]
        is_number = NUMBER.fullmatch(span) is not None
        if not is_number and not span[0].isupper():
            return span
        if span not in marker_of:
            marker = next(numbers if is_number else names, None)
            if marker is None:
                return span
            marker_of[span] = marker
        marker = marker_of[span]
        return marker if is_number and span not in fixed else f"{marker} {span}"

    def marked(span: str) -> str:
        return f"{marker_of[span]} {span}"

    def marked_text(text: str) -> str:
        return (NUMBER if text.isupper() else _NAME_OR_NUMBER).sub(mark, text)

    source = _encode(brief, marked, marked, marked_text)
    return Slots(source, tuple((m, s) for s, m in marker_of.items()))
