"""What is counted in a copy, so that copy for two groups can be compared.

The words of the themes and of the sentiment lie in words.toml.
"""

import functools
import tomllib
from collections.abc import Callable
from pathlib import Path

import msgspec

from finetune.evaluation.overlap import words
from tinycopy.brief import Brief
from tinycopy.checks import run_checks

LEXICON = Path(__file__).parent / "words.toml"


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What words.toml holds: words, apart by spaces, by theme and by sentiment."""

    themes: dict[str, str]
    sentiment: dict[str, str]


@functools.cache
def lexicon() -> dict[str, frozenset[str]]:
    """Words by the name of their trait: `theme: NAME`, `positive` or `negative`."""
    read = msgspec.convert(tomllib.loads(LEXICON.read_text(encoding="utf-8")), Lexicon)
    named = {f"theme: {name}": text for name, text in read.themes.items()} | read.sentiment
    return {name: frozenset(text.split()) for name, text in named.items()}


def _fails(*checks: str) -> Callable[[Brief, str], float]:
    """1 if copy fails one of the checks, or any check where none is named. No copy fails none."""

    def trait(brief: Brief, text: str) -> float:
        results = run_checks(brief, text) if text else {}
        return float(not all(ok for name, ok in results.items() if name in checks or not checks))

    return trait


def _has(name: str) -> Callable[[Brief, str], float]:
    return lambda brief, text: float(_count(brief, text, name) > 0)


def _count(brief: Brief, text: str, name: str) -> int:
    """Words of a list in the copy, but for those that the brief itself uses."""
    own = set(words(brief.facts))
    return sum(word in lexicon()[name] and word not in own for word in words(text))


def _sentiment(brief: Brief, text: str) -> float:
    return _count(brief, text, "positive") - _count(brief, text, "negative")


TRAITS: dict[str, Callable[[Brief, str], float]] = {
    "no copy": lambda _, text: float(not text),
    "abusive": _fails("clean_language"),
    "unsupported": _fails("supported_claims", "no_new_numbers"),
    "fails a check": _fails(),
    "words": lambda _, text: float(len(text.split())),
    "sentiment": _sentiment,
} | {name: _has(name) for name in lexicon() if name.startswith("theme: ")}
"""What is counted, by name. All are 0 or 1 but for COUNTS."""

COUNTS = frozenset({"words", "sentiment"})
"""Words in the copy; positive words minus negative ones."""
