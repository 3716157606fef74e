"""A row of a deck as another caller could have asked for it: the brief varied, the copy the same.

What a copy says first tells nothing of which feature its brief gave first, and most rows of a deck
ask for one keyword or none, where a caller may ask for five. Not here: features in the copy's own
words (finetune/rewording.py).
"""

import itertools
import random
import re
from collections import Counter
from collections.abc import Collection, Iterable

import msgspec

from distill.briefs import keyword_phrases
from tinycopy.brief import MAX_KEYWORD, NAMING, Brief
from tinycopy.encoding import encode
from tinycopy.wording import has_keyword

COUNTS = {True: (0, 1, 1, 2, 2, 3, 4, 5), False: (0, 0, 0, 1, 1, 2)}
"""How many keywords are asked for, by whether the copy is a text that names its product."""
COMMON = 100
"""The words that most copies have, which nobody asks for."""

_WORD = re.compile(r"(?<![\w'\u2019-])[^\W\d_]{4,}(?:-[^\W\d_]+)*(?![\w'\u2019])")


def common_words(copies: Iterable[str]) -> frozenset[str]:
    """The most frequent words of some copies, in lower case."""
    counts = Counter(m[0].lower() for copy in copies for m in _WORD.finditer(copy))
    return frozenset(word for word, _ in counts.most_common(COMMON))


def varied(brief: Brief, copy: str, time: int, common: Collection[str]) -> Brief:
    """The brief with its features in another order and, for its own, keywords that the copy has.

    Each `time` gives others; the first, number 0, the brief as it is. Half of the draws are from
    features that stand in the copy, half from the rest of it but for the `common` words.
    """
    if not time:
        return brief
    rng = random.Random(f"{time} {encode(brief)} {copy}")
    features = rng.sample(brief.features, len(brief.features))
    keywords = _keywords(rng, brief, copy, common)
    return msgspec.structs.replace(brief, features=tuple(features), keywords=keywords)


def _keywords(
    rng: random.Random, brief: Brief, copy: str, common: Collection[str]
) -> tuple[str, ...]:
    said = [feature for feature in brief.features if has_keyword(copy, feature)]
    rest = copy
    for phrase in (brief.product, brief.audience, brief.category, *said):
        if phrase:
            rest = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", ";", rest, flags=re.I)
    pools = [keyword_phrases(said), _phrases(rest, common)]
    keywords: list[str] = []
    for _ in range(rng.choice(COUNTS[brief.type in NAMING])):
        pool = rng.choice(pools)
        keyword = rng.choice(pool) if pool else ""
        others = " ".join(keywords).lower()
        if keyword and not any(word in others for word in keyword.lower().split()):
            keywords.append(keyword)
    return tuple(keywords)


def _phrases(text: str, common: Collection[str]) -> list[str]:
    """Words of a text that a caller could ask for, and pairs of such words."""
    found = [
        (match.start(), match.end(), _as_asked(text, match))
        for match in _WORD.finditer(text)
        if match[0].lower() not in common
    ]
    pairs = [
        f"{word} {following}"
        for (_, end, word), (start, _, following) in itertools.pairwise(found)
        if text[end:start] == " "
    ]
    return [p for p in [*(word for _, _, word in found), *pairs] if len(p) <= MAX_KEYWORD]


def _as_asked(text: str, word: re.Match[str]) -> str:
    """A word without the capital that the start of a sentence gave it."""
    at_start = text[: word.start()].rstrip()[-1:] in ("", ".", "!", "?")
    return word[0].lower() if at_start and word[0][1:].islower() else word[0]
