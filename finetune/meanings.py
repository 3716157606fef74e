"""Meaning representations, as data-to-text sets write them, and the briefs that they make.

`name[The Eagle], eatType[pub], near[Burger King]` becomes the product "The Eagle" with the features
"eat type pub" and "near Burger King", so that its names are slots of the brief like any other.
"""

import re
from collections.abc import Sequence

import msgspec

_PAIR = re.compile(r"\s*([^\[\],\s][^\[\],]*)\[([^\]]+)\]\s*(?:,|$)")
_INNER_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NAME = "name"


class Slot(msgspec.Struct, frozen=True):
    """One attribute with its value; a meaning may have an attribute more than once."""

    name: str
    value: str


def parse_meaning(text: str) -> tuple[Slot, ...]:
    """The slots of a meaning representation in order; raises ValueError if it is none."""
    slots, end = list[Slot](), 0
    text = text.rstrip()
    while end < len(text):
        match = _PAIR.match(text, end)
        if match is None:
            raise ValueError(f"{text[end:]!r} is not attribute[value], attribute[value], ...")
        slots.append(Slot(match[1].strip(), match[2].strip()))
        end = match.end()
    if not slots:
        raise ValueError("is empty")
    return tuple(slots)


def brief_fields(meaning: Sequence[Slot]) -> dict[str, str | list[str]]:
    """The fields of a brief that say a meaning.

    `name` is the product, and every other attribute a feature of its own name and value; the
    values of one that comes twice are joined. Without a name the features are the prompt.
    """
    values: dict[str, list[str]] = {}
    for slot in meaning:
        values.setdefault(slot.name, []).append(slot.value)
    names = values.pop(_NAME, [])
    features = [f"{_spaced(name)} {' and '.join(of_name)}" for name, of_name in values.items()]
    if not names:
        return {"prompt": "; ".join(features)}
    return {"product": " and ".join(names), "features": features}


def _spaced(name: str) -> str:
    """`priceRange` as words: 'price range'."""
    return _INNER_CAPITAL.sub(" ", name).lower()
