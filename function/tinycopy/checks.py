"""The checks: one yes/no test each of copy against its brief.

The same checks filter labels, rank candidates and score evaluations. They are calibrated on the
shipped deck (tests/function/test_checks.py): every one passes nearly all of its copy and catches
planted faults. Not covered here: what counts as a figure (figures.py), as abuse or as an
unsupported claim (safety.py).
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tinycopy import figures, names, safety
from tinycopy.brief import Brief, CopyType, Length, Tone

_NAMING = (CopyType.PRODUCT_DESCRIPTION, CopyType.SOCIAL_POST)


@dataclass(frozen=True)
class Check:
    """One test of copy. summary: what passing means. passes: asked only where applies says so."""

    name: str
    summary: str
    applies: Callable[[Brief], bool]
    passes: Callable[[Brief, str], bool]


def run_checks(brief: Brief, text: str) -> dict[str, bool]:
    """The verdict of each check that applies to the brief, in the order of CHECKS."""
    text = text.replace("’", "'")
    return {check.name: check.passes(brief, text) for check in CHECKS if check.applies(brief)}


@lru_cache(maxsize=1024)
def _phrase(words: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words.replace('’', chr(39)))}(?!\w)", flags)


def _names_product(brief: Brief, text: str) -> bool:
    return brief.product is not None and _phrase(brief.product).search(text) is not None


def _has_keywords(brief: Brief, text: str) -> bool:
    return all(_phrase(keyword, re.IGNORECASE).search(text) for keyword in brief.keywords)


def _length_in_range(brief: Brief, text: str) -> bool:
    fewest, most = brief.word_range
    return fewest <= len(text.split()) <= most


def _no_new_numbers(brief: Brief, text: str) -> bool:
    found = figures.figures(text)
    if all(figure.free for figure in found):
        return True
    known = figures.known(brief.product, brief.facts)
    return all(known.allows(figure) for figure in found)


_NEVER_LAST = frozenset("a an the and or nor of than your our its their my every & plus".split())
_SELDOM_LAST = frozenset(
    """with from by to for into onto upon as but that which whose if because while has will would
    could should might must includes including featuring per""".split()
)
_STRANDED = re.compile(
    r"\b(?:have|has|had|need|needs|want|wants|used|try|hold|look|\w+ed|ask|care|go|there|here|it)"
    r" (?:to|for|with|from|by|into|that|will|would|could|should|must)\W*$|\b(?:fix|do|it) that\W*$"
    r"|\bfor that\W*$|\b(?:who|what|where|how|which)\b.*$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*$")
_LAST_WORD = re.compile(r"([\w'&+-]+)\W*$")
_TAIL_BROKEN = re.compile(r"[,;:\-–—/&(\[+=]$")
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))


def _finished(brief: Brief, text: str) -> bool:
    end = text.rstrip()
    if not end or _TAIL_BROKEN.search(end) or end.count('"') % 2:
        return False
    if any(end.count(opening) != end.count(closing) for opening, closing in _PAIRS):
        return False
    ends_sentence = _SENTENCE_END.search(end) is not None
    if brief.type in _NAMING and not ends_sentence:
        last = end.split()[-1]
        if last[-1].isalnum() and not last.startswith(("#", "@")) and "." not in last:
            return False
    word = _LAST_WORD.search(end)
    last = word[1] if word else ""
    if last in _NEVER_LAST:
        return False
    return ends_sentence or last not in _SELDOM_LAST or _STRANDED.search(end) is not None


_TWICE = re.compile(r"(?<![\w'-])([\w']+)\s+\1(?![\w'-])", re.IGNORECASE)
_TWICE_IDIOMS = frozenset(
    "knock tap gobble bye had that so very night chop yum ha no click".split()
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_WORDS = re.compile(r"[\w'&-]+")
_COMMON = frozenset(
    """the and you your for with that this its it's from are our can not but all one has have
    will into out who when they their what than more every his her she him any was off each""".split()
)


def _not_repetitive(brief: Brief, text: str) -> bool:
    lowered = text.lower()
    words = _WORDS.findall(lowered)
    facts = brief.facts.lower()
    for match in _TWICE.finditer(lowered):
        if match[1] not in _TWICE_IDIOMS and match[0] not in facts:
            return False
    grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    if len(set(grams)) < len(grams):
        return False
    sentences = [s for s in _SENTENCES.split(lowered) if " " in s]
    if len(set(sentences)) < len(sentences):
        return False
    counts = Counter(word for word in words if len(word) > 2 and word not in _COMMON)
    most = max(counts.values(), default=0)
    return most <= max(3, len(words) // 12)


_MESS = re.compile(
    r"[\ue000-\uf8ff\ufffd\u2047\x00-\x1f<>|{}\\^`~=]|\*|_(?!\w)"
    r"|,[,.;:!?]|[;:][.,;:!?]|[!?][.,;:]|\.,(?!\s)|(?<!\.)\.\.(?!\.)|\.{4,}|[!?]{2,}"
    r"|\s[,.;!?](?:\s|$)|\s{2,}|--|''|\(\s*\)|\"\""
    r"|\b(?:use|for|keywords?|audience|tone|length|product description|social post|ad headline"
    r"|email subject|subject line)\s?:",
    re.IGNORECASE,
)


def _well_formed(brief: Brief, text: str) -> bool:
    if text != text.strip() or not re.search(r"\w", text):
        return False
    if any(match[0].strip() not in brief.facts for match in _MESS.finditer(text)):
        return False
    first = re.search(r"\w", text)
    if first is None or not first[0].islower():
        return True
    opening = text.split()[0].strip("\"'([")
    return opening.lower() in brief.facts.lower()


_CONTRACTION = re.compile(
    r"\b\w+(?:n't|'re|'ve|'ll|'d|'m)\b"
    r"|\b(?:it|that|there|here|what|who|where|how|let|he|she|when)'s\b|\b(?:gonna|wanna|gotta|'til)\b",
    re.IGNORECASE,
)


def _fits_tone(brief: Brief, text: str) -> bool:
    own = sorted((p for p in (brief.product, *brief.keywords) if p), key=len, reverse=True)
    for words in own:
        text = text.replace(words.replace("’", "'"), " ")
    bangs = text.count("!")
    if brief.tone in (Tone.FORMAL, Tone.PROFESSIONAL):
        contracted = brief.tone is Tone.FORMAL and _CONTRACTION.search(text)
        return not bangs and not contracted
    long_post = brief.type is CopyType.SOCIAL_POST and brief.length is Length.LONG
    return bangs <= (2 if long_post else 1)


def _always(_: Brief) -> bool:
    return True


CHECKS: tuple[Check, ...] = (
    Check(
        "names_product",
        "the product's exact name is in the copy (descriptions and posts)",
        lambda brief: brief.product is not None and brief.type in _NAMING,
        _names_product,
    ),
    Check(
        "has_keywords",
        "every keyword is in the copy, in any case",
        lambda brief: bool(brief.keywords),
        _has_keywords,
    ),
    Check(
        "length_in_range",
        "as many words as the type and length ask for",
        _always,
        _length_in_range,
    ),
    Check(
        "no_new_numbers",
        "no number, price, percentage or time that the brief lacks",
        _always,
        _no_new_numbers,
    ),
    Check("finished", "the copy does not break off", _always, _finished),
    Check("not_repetitive", "no word, phrase or sentence is repeated", _always, _not_repetitive),
    Check("well_formed", "clean text: no markup, stray symbols or labels", _always, _well_formed),
    Check(
        "names_intact",
        "no garbled variant of a name of the brief",
        _always,
        lambda brief, text: names.garbled(brief, text) is None,
    ),
    Check(
        "fits_tone",
        "contractions and exclamation marks only as the tone allows",
        _always,
        _fits_tone,
    ),
    Check(
        "supported_claims",
        "no superlative, guarantee, medical or offer claim that the brief lacks",
        _always,
        lambda brief, text: not safety.unsupported_claims(brief, text),
    ),
    Check(
        "clean_language",
        "no abusive, hateful or sexual words",
        _always,
        lambda _, text: safety.abusive(text) is None,
    ),
)
"""All checks, in the order in which verdicts are reported."""
