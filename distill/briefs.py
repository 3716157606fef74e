"""New briefs for a teacher to label, recombined from the products and prompts of a deck.

A deck has each product under a few controls only. Here a product meets other types, tones,
lengths, audiences and keywords, with some of its features, with or without a category, and as a
prompt such as a busy person types.
"""

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from finetune.deck import Row
from tinycopy.brief import MAX_KEYWORD, MAX_PROMPT, Brief, CopyType, Length, Tone
from tinycopy.spans import NUMBER

PROMPT_SHARE = 0.25
CATEGORY_DROPPED = 0.3
NUMBERS_CHANGED = 0.3
KEYWORD_COUNTS = (0, 0, 0, 0, 0, 1, 1, 1, 1, 2)
"""About the deck's own shares of briefs with no, one and two keywords."""

_STOP = frozenset({"each", "every", "from", "with", "your"})
_TYPE_NAMES = {
    CopyType.PRODUCT_DESCRIPTION: ("product description", "description", "product text"),
    CopyType.SOCIAL_POST: ("social post", "post", "instagram caption", "tweet"),
    CopyType.AD_HEADLINE: ("ad headline", "headline"),
    CopyType.SLOGAN: ("slogan", "tagline"),
    CopyType.EMAIL_SUBJECT: ("email subject line", "subject line"),
}
_REQUESTS = (
    "Write a {type} for {product}, {category}: {features}.",
    "{type} for {product} ({category}). {features}",
    "{product} is our {category}. {features}. I need a {type}.",
    "need a {type}, {product}, {category}, {features}",
    "{product}, {category}, {features}",
    "Please write a {tone} {type}. {product}: {category}, {features}.",
)


@dataclass(frozen=True)
class _Product:
    name: str
    category: str | None
    features: tuple[str, ...]
    audiences: tuple[str | None, ...]
    keywords: tuple[str, ...]


def new_briefs(rows: Sequence[Row], count: int, seed: int) -> list[Brief]:
    """`count` different briefs that no row of the deck has, even over type, tone and length.

    The same rows, count and seed give the same briefs. Fewer are returned if the rows allow no
    more; rows must not be empty.
    """
    rng = random.Random(seed)
    products = _products(rows)
    prompts = sorted({row.brief.prompt for row in rows if row.brief.prompt})
    seen = {row.brief for row in rows}
    controls = [(t, tone, length) for t in CopyType for tone in Tone for length in Length]
    briefs: list[Brief] = []
    for attempt in range(4 * count):
        type_, tone, length = controls[attempt % len(controls)]
        if products and (not prompts or rng.random() > PROMPT_SHARE / 2):
            brief = _of_product(rng, rng.choice(products), type_, tone, length)
        else:
            brief = Brief(type=type_, tone=tone, length=length, prompt=rng.choice(prompts))
        if brief not in seen:
            seen.add(brief)
            briefs.append(brief)
        if len(briefs) == count:
            break
    return briefs


def _products(rows: Sequence[Row]) -> list[_Product]:
    by_name: dict[str, list[Brief]] = defaultdict(list)
    for row in rows:
        if row.brief.product is not None:
            by_name[row.brief.product].append(row.brief)
    return [
        _Product(
            name,
            briefs[0].category,
            tuple(dict.fromkeys(f for b in briefs for f in b.features)),
            tuple(b.audience for b in briefs),
            tuple(dict.fromkeys(k for b in briefs for k in b.keywords)),
        )
        for name, briefs in by_name.items()
    ]


def _of_product(
    rng: random.Random, product: _Product, type_: CopyType, tone: Tone, length: Length
) -> Brief:
    most = min(6, len(product.features))
    features = rng.sample(product.features, rng.randint(min(2, most), most)) if most else []
    if rng.random() < NUMBERS_CHANGED:
        features = [NUMBER.sub(lambda m: _other_number(rng, m[0]), f) for f in features]
    keywords = _keywords(rng, product, features)
    audience = rng.choice(product.audiences)
    category = product.category
    if category and features and rng.random() < PROMPT_SHARE / 2:
        prompt = _request(rng, product.name, category, features, type_, tone)
        return Brief(
            type=type_, tone=tone, length=length, prompt=prompt, audience=audience,
            keywords=tuple(k for k in keywords if k.lower() in prompt.lower()),
        )  # fmt: skip
    return Brief(
        type=type_,
        tone=tone,
        length=length,
        product=product.name,
        category=None if features and rng.random() < CATEGORY_DROPPED else category,
        features=tuple(features),
        audience=audience,
        keywords=keywords,
    )


def _other_number(rng: random.Random, number: str) -> str:
    """A number of the same shape; the first digit stays above zero and short ones stay small."""
    if len(number) > 4 or number.startswith(("0", "1", "2")):
        return number
    return re.sub(r"\d", lambda _: str(rng.randint(1, 9)), number)


def _keywords(rng: random.Random, product: _Product, features: Sequence[str]) -> tuple[str, ...]:
    """Up to two keywords: the deck's own for this product, or words out of the features."""
    text = " ; ".join(features)
    pool = [k for k in product.keywords if k in text or (k in (product.category or ""))]
    pool = list(dict.fromkeys(pool + keyword_phrases(features)))
    return tuple(rng.sample(pool, min(len(pool), rng.choice(KEYWORD_COUNTS))))


def keyword_phrases(features: Sequence[str]) -> list[str]:
    """Phrases of one and two words out of the features that a caller could ask for."""
    found = []
    for feature in features:
        words = feature.split()
        phrases = [words[i : i + n] for n in (1, 2) for i in range(len(words) - n + 1)]
        # Verbatim: punctuation is cut off the end of a phrase only.
        phrases = [[*phrase[:-1], phrase[-1].rstrip(",.;:)")] for phrase in phrases]
        found += [
            " ".join(phrase)
            for phrase in phrases
            if all(len(w) > 3 and w.isalpha() and w.lower() not in _STOP for w in phrase)
        ]
    return [phrase for phrase in found if len(phrase) <= MAX_KEYWORD]


def _request(
    rng: random.Random,
    name: str,
    category: str,
    features: Sequence[str],
    type_: CopyType,
    tone: Tone,
) -> str:
    """A product as a person would type it, now and then in a hurry: lower case, no full stop."""
    prompt = rng.choice(_REQUESTS).format(
        type=rng.choice(_TYPE_NAMES[type_]),
        product=name,
        category=category,
        features=", ".join(features),
        tone=tone,
    )
    if rng.random() < 0.3:
        prompt = prompt.replace(prompt[0], prompt[0].lower(), 1).rstrip(".")
    return prompt[:MAX_PROMPT]
