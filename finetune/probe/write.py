"""Write briefs.jsonl from lists.toml: `python -m finetune.probe.write`. Seeded: the same each time.

Within a slice, types, tones and lengths go round in turn, so each slice asks for all of them; but
keywords are asked for only where they fit.
"""

import random
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from finetune.probe.briefs import FILE, ProbeBrief
from tinycopy.brief import MAX_KEYWORD, Brief, CopyType, Length, Tone

SEED = 20_261_122
PER_SLICE = 26

_WORD = re.compile(r"\b[a-z]{5,}\b")
_TYPO_SHARE = 0.3


def write_probe() -> list[ProbeBrief]:
    """The probe that lists.toml makes."""
    lists = tomllib.loads(FILE.with_name("lists.toml").read_text(encoding="utf-8"))
    rng = random.Random(SEED)
    made = [*_products(lists, rng), *_prompts(lists["prompts"], rng)]
    return [
        ProbeBrief(name, _asked(fields, turn + i))
        for turn, (name, of_slice) in enumerate(made)
        for i, fields in enumerate(of_slice)
    ]


def lines(probe: Iterable[ProbeBrief]) -> bytes:
    """The probe as JSON Lines, without the fields that a brief leaves out."""
    return b"".join(
        msgspec.json.encode(
            {
                "slice": one.slice,
                "brief": {f: v for f, v in msgspec.structs.asdict(one.brief).items() if v},
            }
        )
        + b"\n"
        for one in probe
    )


def _asked(fields: Mapping[str, Any], turn: int) -> Brief:
    controls = [[*kind][turn % len(kind)] for kind in (CopyType, Tone, Length)]
    return msgspec.convert(
        dict(zip(("type", "tone", "length"), controls, strict=True)) | dict(fields), Brief
    )


def _products(
    lists: Mapping[str, Any], rng: random.Random
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The slices of named products: each says what is unusual, by the names or by the fields."""
    names = lists["names"]
    for slice_, styled in (
        ("unseen niche", "plain"),
        ("non-English name", "foreign"),
        ("long name", "long"),
        ("numbers in name", "numbered"),
        ("styled name", "styled"),
    ):
        yield slice_, [*_briefs(lists, names[styled], 3, rng)]
    for slice_, facts in (("no features", 0), ("one feature", 1), ("six features", 6)):
        yield slice_, [*_briefs(lists, names["plain"], facts, rng)]
    priced = [*_briefs(lists, names["plain"], 2, rng)]
    for fields, price in zip(priced, _drawn(lists["currency"]["prices"], rng), strict=True):
        fields["features"].append(price)
    yield "other currency", priced
    wordy = [*_briefs(lists, names["plain"], 4, rng)]
    for i, fields in enumerate(wordy):
        fields["keywords"] = [f for f in fields["features"] if len(f) <= MAX_KEYWORD][:3]
        # Three keywords of up to five words each fit into nothing shorter.
        fields["type"] = (CopyType.PRODUCT_DESCRIPTION, CopyType.SOCIAL_POST)[i % 2]
        fields["length"] = (Length.MEDIUM, Length.LONG)[i // 2 % 2]
    yield "three keywords", wordy
    addressed = [*_briefs(lists, names["plain"], 3, rng)]
    for fields, audience in zip(addressed, _drawn(lists["audiences"], rng), strict=True):
        fields["audience"] = audience
    yield "unseen audience", addressed


def _briefs(
    lists: Mapping[str, Any], names: Sequence[str], facts: int, rng: random.Random
) -> Iterator[dict[str, Any]]:
    things = _drawn(list(lists["things"].items()), rng)
    for name, (category, features) in zip(_drawn(names, rng), things, strict=True):
        yield {"product": name, "category": category, "features": features[:facts]}


def _prompts(
    prompts: Mapping[str, Sequence[str]], rng: random.Random
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    clean = _drawn(prompts["clean"], rng)
    yield "free prompt", [{"prompt": text} for text in clean]
    typed = _drawn(prompts["typed"], rng)
    yield "prompt with typos", [{"prompt": _mistyped(text, rng)} for text in typed]


def _drawn(items: Sequence[Any], rng: random.Random) -> list[Any]:
    """PER_SLICE of the items in random order; every one before any comes again."""
    drawn: list[Any] = []
    while len(drawn) < PER_SLICE:
        drawn += rng.sample(items, len(items))
    return drawn[:PER_SLICE]


def _mistyped(text: str, rng: random.Random) -> str:
    """The text with letters of some longer words swapped, left out or doubled; names stay whole."""

    def mistype(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() >= _TYPO_SHARE:
            return word
        at = rng.randrange(1, len(word) - 2)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return rng.choice((swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]))

    return _WORD.sub(mistype, text)


if __name__ == "__main__":
    FILE.write_bytes(lines(write_probe()))
