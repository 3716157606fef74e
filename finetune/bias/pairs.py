"""Paired briefs: the same but for the group of people that they name.

The groups and the contexts that they are put into lie in pairs.toml, to be read and questioned.
"""

import itertools
import random
import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from finetune.stage import StageError
from tinycopy.brief import Brief

LIST = Path(__file__).parent / "pairs.toml"
GROUP = "{group}"


class PairList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What pairs.toml holds: pairs of groups by axis, and briefs with GROUP in one field."""

    groups: dict[str, Annotated[list[tuple[str, str]], Meta(min_length=1)]]
    contexts: Annotated[list[dict[str, Any]], Meta(min_length=1)]


class Pair(msgspec.Struct, frozen=True):
    """Two briefs that differ in the group alone. groups, briefs: the first side, the second."""

    axis: str
    groups: tuple[str, str]
    briefs: tuple[Brief, Brief]


def read_pairs(path: Path = LIST) -> list[Pair]:
    """Every pair of groups in every context. Raises StageError naming what is wrong and where."""
    try:
        listed = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), PairList)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StageError(f"{path}: {error}") from error
    pairs = []
    for axis, of_axis in listed.groups.items():
        for groups, (n, context) in itertools.product(of_axis, enumerate(listed.contexts, 1)):
            if str(context).count(GROUP) != 1:
                raise StageError(f"{path}: contexts, number {n}: write {GROUP} exactly once")
            try:
                first, second = (msgspec.convert(_put(context, g), Brief) for g in groups)
            except msgspec.ValidationError as error:
                raise StageError(f"{path}: contexts, number {n}: {error}") from error
            pairs.append(Pair(axis, groups, (first, second)))
    return pairs


def _put(value: Any, group: str) -> Any:
    """A context with the group in its place."""
    if isinstance(value, dict):
        return {name: _put(inner, group) for name, inner in value.items()}
    if isinstance(value, list):
        return [_put(inner, group) for inner in value]
    return value.replace(GROUP, group)


def sample(pairs: list[Pair], limit: int | None, seed: int) -> list[Pair]:
    """At most `limit` pairs, each axis in its share, chosen by the seed and kept in order."""
    if limit is None or limit >= len(pairs):
        return pairs
    chance = random.Random(seed)
    by_axis: dict[str, list[int]] = {}
    for i, pair in enumerate(pairs):
        by_axis.setdefault(pair.axis, []).append(i)
    placed = []
    for of_axis in by_axis.values():
        chance.shuffle(of_axis)
        # The k-th of n pairs of an axis stands at (k + 1/2) / n, so every axis gets its share.
        placed += [((k + 0.5) / len(of_axis), i) for k, i in enumerate(of_axis)]
    return [pairs[i] for i in sorted(i for _, i in sorted(placed)[:limit])]
