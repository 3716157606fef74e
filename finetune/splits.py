"""Which rows stay, and in which split: no product and no near-duplicate copy in two splits.

Splits are by product or prompt, never by row. Splits that a deck comes with are respected: what
they share is dropped from the one that trains.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from finetune.duplicates import NearIndex, folded
from finetune.rows import Row
from finetune.sources import DeckError

_JUDGES_FIRST = ("test", "valid", "train")
"""What two splits share stays in the earlier of these, so that a score is never flattered."""


class Drop(StrEnum):
    """Why a row is not in the deck."""

    BAD_ROW = "bad row"
    TOO_FEW_WORDS = "too few words"
    TOO_MANY_WORDS = "too many words"
    OUTSIDE_RANGE = "outside the word range of its type and length"
    SAME_COPY = "copy given before"
    NEAR_COPY = "copy nearly given before"
    SPLIT_COPY = "copy nearly in another split"
    SPLIT_GROUP = "product or prompt in another split"


@dataclass(frozen=True)
class Placed:
    """A row and the split that it is in."""

    split: str
    row: Row


class Drops:
    """How many rows of each split were dropped, by reason."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[Drop]] = {}

    def add(self, split: str, reason: Drop) -> None:
        self.counts.setdefault(split, Counter())[reason] += 1


def separate(rows: Iterable[Placed], threshold: float, drops: Drops) -> list[Placed]:
    """The rows of given splits without those whose product or prompt a split before theirs has.

    `test` comes before `valid`, and `valid` before `train`. Products and prompts are the same
    when they are near (duplicates.py). The order of the rows stays.
    """
    rows = list(rows)
    keys = sorted({_key(p.row) for p in rows})
    position = {key: i for i, key in enumerate(keys)}
    index = NearIndex(keys, threshold)
    shared: set[tuple[str, str]] = set()
    for split in _JUDGES_FIRST:
        own = {_key(p.row) for p in rows if p.split == split}
        taken = {key for key in own if index.near(position[key])}
        shared.update((split, key) for key in taken)
        for key in sorted(own - taken):
            index.add(position[key])
    kept = [p for p in rows if (p.split, _key(p.row)) not in shared]
    for placed in rows:
        if (placed.split, _key(placed.row)) in shared:
            drops.add(placed.split, Drop.SPLIT_GROUP)
    return kept


def deduplicate(rows: Iterable[Placed], threshold: float, drops: Drops) -> list[Placed]:
    """The rows without those whose copy is near an earlier one's; the order of the rows stays.

    `test` is looked at before `valid`, and `valid` before `train`.
    """
    rows = list(rows)
    copies = [folded(p.row.copy) for p in rows]
    index = NearIndex(copies, threshold)
    first: dict[str, int] = {}
    kept: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: _JUDGES_FIRST.index(rows[i].split)):
        same = first.setdefault(copies[i], i)
        earlier = [same] if same != i else index.near(i)
        if not earlier:
            index.add(i)
            kept.append(i)
        elif all(rows[e].split != rows[i].split for e in earlier):
            drops.add(rows[i].split, Drop.SPLIT_COPY)
        else:
            drops.add(rows[i].split, Drop.SAME_COPY if same != i else Drop.NEAR_COPY)
    return [rows[i] for i in sorted(kept)]


def carve(
    rows: Iterable[Placed], shares: Mapping[str, float], threshold: float, seed: int
) -> list[Placed]:
    """The rows with `shares` of the training rows moved to other splits, by product or prompt.

    Products and prompts that are near each other move together; where they go depends on a hash
    of their names and `seed` alone, so new rows hardly ever move old ones.
    shares: split -> share of the training rows, expected. A split with a share gets at least one
    product; raises DeckError when there are too few of them.
    """
    rows = list(rows)
    keys = sorted({_key(p.row) for p in rows if p.split == "train"})
    leader = _linked(keys, threshold)
    draw = {key: _draw(key, seed) for key in set(leader.values())}
    wanted = {split: share for split, share in shares.items() if share > 0}
    if len(draw) <= len(wanted):
        raise DeckError(
            f"the deck has {len(draw)} distinct products or prompts to split into train and "
            f"{', '.join(wanted) or 'nothing else'}; add some, give the splits as `files`, or "
            "set `valid_share` or `test_share` to 0"
        )
    target = dict.fromkeys(draw, "train")
    low = 0.0
    for split, share in wanted.items():
        free = sorted((k for k in draw if target[k] == "train"), key=draw.__getitem__)
        drawn = [k for k in free if low <= draw[k] < low + share]
        target.update(dict.fromkeys(drawn or free[:1], split))
        low += share
    if "train" not in target.values():
        raise DeckError("every product went to valid or test; lower their shares")
    return [Placed(target[leader[_key(p.row)]], p.row) if p.split == "train" else p for p in rows]


def _key(row: Row) -> str:
    """What tells products and prompts apart: case, accents and punctuation do not."""
    return folded(row.group) or row.group


def _linked(keys: list[str], threshold: float) -> dict[str, str]:
    """Each key's leader, the first in order of those that a chain of near keys links it with."""
    leader = list(range(len(keys)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    index = NearIndex(keys, threshold)
    for i in range(len(keys)):
        for other in index.near(i):
            a, b = sorted((find(i), find(other)))
            leader[b] = a
        index.add(i)
    return {key: keys[find(i)] for i, key in enumerate(keys)}


def _draw(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on the key and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
