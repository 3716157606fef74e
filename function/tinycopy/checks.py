"""The checks: one yes/no test each of copy against its brief.

The same checks filter labels, rank candidates and score evaluations. They are calibrated on the
shipped deck (tests/function/test_checks.py): each passes nearly all of its copy and catches
planted faults. Not covered here: what is a figure (figures.py), finished and clean text (form.py),
a garbled name (names.py), an unsupported claim (claims.py) and abuse (safety.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tinycopy import claims, figures, form, names, safety
from tinycopy.brief import NAMING, Brief, CopyType, Length, Tone
from tinycopy.wording import Pattern, has_keyword, has_phrase, straight


@dataclass(frozen=True)
class Check:
    """One test of copy. summary: what passing means. passes: asked only where applies says so."""

    name: str
    summary: str
    applies: Callable[[Brief], bool]
    passes: Callable[[Brief, str], bool]


def run_checks(brief: Brief, text: str) -> dict[str, bool]:
    """The verdict of each check that applies to the brief, in the order of CHECKS."""
    return {check.name: check.passes(brief, text) for check in CHECKS if check.applies(brief)}


def _names_product(brief: Brief, text: str) -> bool:
    return brief.product is not None and has_phrase(text, brief.product)


def _has_keywords(brief: Brief, text: str) -> bool:
    return all(has_keyword(text, keyword) for keyword in brief.keywords)


def _length_in_range(brief: Brief, text: str) -> bool:
    fewest, most = brief.word_range
    return fewest <= len(text.split()) <= most


def _within_characters(brief: Brief, text: str) -> bool:
    return not brief.max_characters or len(text) <= brief.max_characters


def _no_new_numbers(brief: Brief, text: str) -> bool:
    found = figures.figures(text)
    facts = brief.facts
    if figures.new_date(text, facts) is not None or figures.lacks_figure(text, facts):
        return False
    if all(figure.free for figure in found):
        return True
    known = figures.known(brief.product, facts)
    return all(known.allows(figure) for figure in found)


_CONTRACTION = Pattern(
    r"\b\w+(?:n't|'re|'ve|'ll|'d|'m)\b"
    r"|\b(?:it|that|there|here|what|who|where|how|let|he|she|when)'s\b"
    r"|\b(?:gonna|wanna|gotta|'til)\b",
    flags=re.IGNORECASE,
)


def _fits_tone(brief: Brief, text: str) -> bool:
    own = [phrase for phrase in (brief.product, *brief.keywords) if phrase]
    for phrase in sorted(own, key=len, reverse=True):
        text = text.replace(phrase, " ")
    exclamations = text.count("!")
    if brief.tone is Tone.FORMAL:
        return not exclamations and _CONTRACTION.search(straight(text)) is None
    if brief.tone is Tone.PROFESSIONAL:
        return not exclamations
    long_post = brief.type is CopyType.SOCIAL_POST and brief.length is Length.LONG
    return exclamations <= (2 if long_post else 1)


def _not_repetitive(brief: Brief, text: str) -> bool:
    facts = brief.facts
    return not form.repeats(text, facts) and not form.says_again(text, brief.features, facts)


def _always(_: Brief) -> bool:
    return True


CHECKS: tuple[Check, ...] = (
    Check(
        "names_product",
        "the product's exact name is in the copy (descriptions and posts)",
        lambda brief: brief.product is not None and brief.type in NAMING,
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
        "as many words as the type and length ask for, if the character limit has room for them",
        lambda brief: brief.length_fits,
        _length_in_range,
    ),
    Check(
        "within_characters",
        "at most as many characters as the brief allows",
        lambda brief: bool(brief.max_characters),
        _within_characters,
    ),
    Check(
        "no_new_numbers",
        "no number, price, percentage, time or date that the brief lacks",
        _always,
        _no_new_numbers,
    ),
    Check(
        "finished",
        "the copy does not break off, and closes its quotes and brackets",
        _always,
        lambda brief, text: form.is_finished(text, in_sentences=brief.type in NAMING),
    ),
    Check(
        "not_repetitive",
        "no word twice in a row; no sentence, feature, figure or word pair again; no word all over",
        _always,
        _not_repetitive,
    ),
    Check(
        "well_formed",
        "clean text: not empty, no markup, stray symbols or labels",
        _always,
        lambda brief, text: form.is_clean(text, brief.facts),
    ),
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
        lambda brief, text: not claims.unsupported_claims(brief, text),
    ),
    Check(
        "clean_language",
        "no abusive, hateful or sexual words",
        _always,
        lambda _, text: safety.abusive(text) is None,
    ),
)
"""All checks, in the order in which verdicts are reported."""
