"""A brief as model input, and the slots that carry its facts into the copy.

The plain text of a brief is what a teacher reads. A student reads the same text with slots: the
product, keywords, features, proper names and numbers are marked with one symbol each, the student
writes the symbol, and `Slots.fill` puts the caller's own characters back. So a feature or a price
is exact or absent, however small the student.

A release names the encoding that it was trained with; the function refuses one that it does not
know. Encoding 1 had no slots for features.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinycopy.brief import Brief

ENCODING = 2
"""What new students are trained with."""
ENCODINGS = (1, ENCODING)
"""What the function can serve."""

PRODUCT = "\ue000"
KEYWORDS = tuple(chr(0xE010 + i) for i in range(5))
NUMBERS = tuple(chr(0xE020 + i) for i in range(16))
NAMES = tuple(chr(0xE040 + i) for i in range(12))
FEATURES = tuple(chr(0xE050 + i) for i in range(12))
MARKERS = (PRODUCT, *KEYWORDS, *NUMBERS, *NAMES, *FEATURES)
"""One private-use character per slot; `brief.normalise` keeps them out of callers' text."""

_MARKER = re.compile("[" + "".join(MARKERS) + "]")
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_APOSTROPHES = "'\u2019"
_CAPITALISED = rf"[^\W\d_a-z][\w{_APOSTROPHES}.&+-]*[\w+]"
_JOIN = r"(?:(?:&|and|of|the|de|la|du|von) )?"
_NEXT_WORD = rf"(?: {_JOIN}(?:{_CAPITALISED}|\d+(?![\w.,:/])))"
_NAME = re.compile(rf"(?<![\w{_APOSTROPHES}]){_CAPITALISED}{_NEXT_WORD}{{0,4}}(?!\w)")
_NAME_OR_NUMBER = re.compile(f"{_NAME.pattern}|{NUMBER.pattern}")
_PROMPT_BREAK = re.compile(r"((?:[,;:.!?]|\s[-\u2013\u2014])\s+)")
_MOST_WORDS = 9
"""Of a part of a prompt that counts as a feature."""
_AT_START = frozenset({*KEYWORDS, *FEATURES})
"""Slots whose span is capitalised where a sentence starts."""
_SENTENCE_START = re.compile("(?:^|[.!?]['\"\u201d\u2019)]*\\s+)$")


def encode(brief: Brief) -> str:
    """The brief as plain text in one line, the same for equal briefs."""
    return _encode(brief, _as_it_is, _as_it_is, _as_it_is, _as_it_is)


def _as_it_is(text: str) -> str:
    return text


def _encode(
    brief: Brief,
    fixed: Callable[[str], str],
    text: Callable[[str], str],
    feature: Callable[[str], str],
    prompt: Callable[[str], str],
) -> str:
    """The one layout of a brief, each part written by the function given for it."""
    parts = [f"{brief.type.replace('_', ' ')}, {brief.tone}, {brief.length}"]
    if brief.product is not None:
        parts.append(fixed(brief.product))
    if brief.category:
        parts.append(text(brief.category))
    if brief.features:
        parts.append("; ".join(map(feature, _as_phrases(brief.features))))
    if brief.prompt:
        parts.append(prompt(brief.prompt))
    if brief.audience:
        parts.append("for: " + text(brief.audience))
    if brief.keywords:
        parts.append("use: " + "; ".join(map(fixed, brief.keywords)))
    return " | ".join(p.replace("|", "/") for p in parts)


def _as_phrases(features: Sequence[str]) -> Sequence[str]:
    """The features without the capitals of a list: where each has one, none need be a name."""
    worded = [feature for feature in features if feature[0].isalpha()]
    if len(worded) < 2 or not all(f[0].isupper() and f[1:2].islower() for f in worded):
        return features
    return [feature[0].lower() + feature[1:] for feature in features]


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
        return re.sub("|".join(_bounded(s) for s in longest_first), replace, copy)

    def fill(self, written: str) -> str | None:
        """What a student wrote, with the spans put back; None at a slot that the brief lacks."""
        span_of = dict(self.spans)
        if not set(_MARKER.findall(written)) <= set(span_of):
            return None

        def replace(match: re.Match[str]) -> str:
            span = span_of[match[0]]
            if match[0] in _AT_START and _SENTENCE_START.search(written, 0, match.start()):
                return span[0].upper() + span[1:]
            return span

        return _MARKER.sub(replace, written)


def _bounded(span: str) -> str:
    if NUMBER.fullmatch(span):
        return rf"(?<![\d])(?<!\d[.,:/]){span}(?!\d|[.,:/]\d)"
    return rf"(?<!\w){re.escape(span)}(?!\w)"


def slots(brief: Brief, encoding: int = ENCODING) -> Slots:
    """The slots of a brief: at most one product, 5 keywords, 16 numbers, 12 names, 12 features.

    Spans past those limits stay in the source as plain text. Features of one word are no slots; of
    a prompt the parts of 2 to 9 words between its marks are.
    """
    marker_of: dict[str, str] = {}
    if brief.product:
        marker_of[brief.product] = PRODUCT
    for marker, keyword in zip(KEYWORDS, brief.keywords, strict=False):
        marker_of.setdefault(keyword, marker)
    fixed = frozenset(marker_of)
    numbers, names, features = iter(NUMBERS), iter(NAMES), iter(FEATURES)

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

    def marked_feature(text: str) -> str:
        if encoding == 1 or " " not in text or _NAME.fullmatch(text) or text in marker_of:
            return marked_text(text)
        marker = next(features, None)
        if marker is None:
            return marked_text(text)
        marker_of[text] = marker
        return f"{marker} {marked_text(text)}"

    def marked_prompt(text: str) -> str:
        parts = _PROMPT_BREAK.split(text)
        if encoding > 1 and len(parts) > 1:
            parts[::2] = [
                marked_feature(part) if part.count(" ") < _MOST_WORDS else marked_text(part)
                for part in parts[::2]
            ]
            return "".join(parts)
        return marked_text(text)

    source = _encode(brief, marked, marked_text, marked_feature, marked_prompt)
    return Slots(source, tuple((m, s) for s, m in marker_of.items()))
