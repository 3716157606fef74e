"""Copy of the shipped deck, and faults planted in it, to measure the checks.

`python -m tests.function.planted` prints how often each check passes the deck's own copy and how
often it catches each fault.
"""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tinycopy.brief import Brief
from tinycopy.checks import run_checks
from tinycopy.safety import asks_for_abuse

DECK = Path(__file__).parents[2] / "finetune" / "deck"
Fault = Callable[[Brief, str, random.Random], str | None]
"""Copy with the fault, or None where it cannot be planted."""


def deck_rows(*splits: str) -> list[tuple[Brief, str]]:
    """Brief and copy of each row of the shipped deck's splits."""
    return [row for split in splits for row in _rows(DECK / f"{split}.jsonl.gz")]


def _rows(path: Path) -> Iterator[tuple[Brief, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            copy = row.pop("copy")
            yield msgspec.convert(row, Brief), copy


def change_digit(brief: Brief, copy: str, rng: random.Random) -> str | None:
    places = [m.start() for m in re.finditer(r"[1-9]", copy)]
    if not places:
        return None
    at = rng.choice(places)
    return copy[:at] + rng.choice([d for d in "123456789" if d != copy[at]]) + copy[at + 1 :]


def swap_currency(brief: Brief, copy: str, rng: random.Random) -> str | None:
    swapped = copy.translate(str.maketrans("£$€", "$€£"))
    return swapped if swapped != copy else None


def add_sentence(sentence: str) -> Fault:
    def plant(brief: Brief, copy: str, rng: random.Random) -> str | None:
        return f"{copy} {sentence}" if copy[-1] in ".!?" else f"{copy}. {sentence}"

    return plant


def drop_keyword(brief: Brief, copy: str, rng: random.Random) -> str | None:
    if not brief.keywords:
        return None
    keyword = re.escape(rng.choice(brief.keywords))
    return re.sub(keyword, "it", copy, flags=re.IGNORECASE)


def drop_product(brief: Brief, copy: str, rng: random.Random) -> str | None:
    applies = brief.product and brief.type in ("product_description", "social_post")
    return copy.replace(brief.product or "", "This one") if applies else None


def misspell_name(brief: Brief, copy: str, rng: random.Random) -> str | None:
    """A letter of the product's longest word dropped, doubled, changed or swapped with the next."""
    words = re.findall(r"[^\W\d_]{6,}", brief.product or "")
    words = [word for word in words if re.search(rf"\b{word}\b", copy) and word[0].isupper()]
    if not words:
        return None
    name = max(words, key=len)
    at = rng.randrange(1, len(name) - 2)
    a, b = name[at], name[at + 1]
    variants = [name[:at] + b + a + name[at + 2 :], name[:at] + name[at + 1 :]]
    variants += [name[:at] + a + name[at:], name[:at] + rng.choice("aeioutrnk") + name[at + 1 :]]
    return copy.replace(name, rng.choice([v for v in variants if v != name]))


def double_word(brief: Brief, copy: str, rng: random.Random) -> str | None:
    words = copy.split()
    plain = [i for i, word in enumerate(words) if word.isalpha()]
    if not plain:
        return None
    at = rng.choice(plain)
    return " ".join([*words[: at + 1], *words[at:]])


def repeat_sentence(brief: Brief, copy: str, rng: random.Random) -> str | None:
    first = re.split(r"(?<=[.!?])\s+", copy)[0]
    whole = " " in first and first[-1] in ".!?" and copy[-1] in ".!?"
    return f"{copy} {first}" if whole else None


def cut_sentences(brief: Brief, copy: str, rng: random.Random) -> str | None:
    """The last words of a description or post cut off."""
    words = copy.split()
    if brief.type not in ("product_description", "social_post") or len(words) < 8:
        return None
    cut = " ".join(words[: -rng.randint(1, 3)])
    return None if cut[-1] in ".!?" else cut


def cut_line(brief: Brief, copy: str, rng: random.Random) -> str | None:
    """The last word of a headline, slogan or subject cut off."""
    words = copy.split()
    if brief.type in ("product_description", "social_post") or len(words) < 4:
        return None
    return " ".join(words[:-1])


def contract(brief: Brief, copy: str, rng: random.Random) -> str | None:
    return add_sentence("You'll like it.")(brief, copy, rng) if brief.tone == "formal" else None


def leave_marker(brief: Brief, copy: str, rng: random.Random) -> str | None:
    return copy.replace(" ", " \ue020 ", 1)


def shorten(brief: Brief, copy: str, rng: random.Random) -> str | None:
    fewest, _ = brief.word_range
    return " ".join(copy.split()[: fewest - 1])


FAULTS: dict[str, tuple[str, Fault]] = {
    "a digit changed": ("no_new_numbers", change_digit),
    "another currency": ("no_new_numbers", swap_currency),
    "'Save 37% today.'": ("no_new_numbers", add_sentence("Save 37% today.")),
    "'It lasts seventeen years.'": ("no_new_numbers", add_sentence("It lasts seventeen years.")),
    "keyword dropped": ("has_keywords", drop_keyword),
    "product dropped": ("names_product", drop_product),
    "name misspelt": ("names_intact", misspell_name),
    "a word doubled": ("not_repetitive", double_word),
    "first sentence again": ("not_repetitive", repeat_sentence),
    "description or post cut": ("finished", cut_sentences),
    "headline, slogan or subject cut": ("finished", cut_line),
    "too short": ("length_in_range", shorten),
    "slot marker left": ("well_formed", leave_marker),
    "'Use: tents | tone: casual'": ("well_formed", add_sentence("Use: tents | tone: casual")),
    "'Buy it now!!!'": ("well_formed", add_sentence("Buy it now!!!")),
    "contraction in formal copy": ("fits_tone", contract),
    "'It is the best in town.'": ("supported_claims", add_sentence("It is the best in town.")),
    "'The No. 1 choice.'": ("supported_claims", add_sentence("The No. 1 choice.")),
    "'It cures arthritis.'": ("supported_claims", add_sentence("It cures arthritis.")),
    "'Results are guaranteed.'": ("supported_claims", add_sentence("Results are guaranteed.")),
    "'Buy it, you bastards.'": ("clean_language", add_sentence("Buy it, you bastards.")),
    "'It is sh1t hot.'": ("clean_language", add_sentence("It is sh1t hot.")),
}
"""Fault -> the check that is to catch it, and how it is planted."""


def pass_rates(rows: list[tuple[Brief, str]]) -> dict[str, tuple[int, int]]:
    """Check -> copies that pass, copies that it applies to."""
    passed: Counter[str] = Counter()
    applied: Counter[str] = Counter()
    for brief, copy in rows:
        for name, verdict in run_checks(brief, copy).items():
            applied[name] += 1
            passed[name] += verdict
    return {name: (passed[name], applied[name]) for name in applied}


def catch_rates(rows: list[tuple[Brief, str]], seed: int = 0) -> dict[str, tuple[int, int]]:
    """Fault -> faults that their check catches, faults planted in copy that passed it."""
    rng = random.Random(seed)
    rates = {}
    for fault, (check, plant) in FAULTS.items():
        caught = planted = 0
        for brief, copy in rows:
            faulty = plant(brief, copy, rng)
            if faulty is None or faulty == copy or not run_checks(brief, copy)[check]:
                continue
            planted += 1
            caught += not run_checks(brief, faulty)[check]
        rates[fault] = (caught, planted)
    return rates


def main() -> None:
    """Print both tables for the whole deck and a sample of it."""
    rows = deck_rows("train", "valid", "test")
    print("| check | deck copy | passes, % |\n|---|---|---|")
    for name, (passed, applied) in pass_rates(rows).items():
        print(f"| {name} | {applied:,} | {100 * passed / applied:.2f} |")
    flagged = sum(asks_for_abuse(brief) is not None for brief, _ in rows)
    print(f"\nBriefs taken for asking for abuse: {flagged} of {len(rows):,}\n")
    print("| planted fault | check | planted | caught, % |\n|---|---|---|---|")
    for fault, (caught, planted) in catch_rates(deck_rows("test")).items():
        rate = 100 * caught / planted
        print(f"| {fault} | {FAULTS[fault][0]} | {planted:,} | {rate:.1f} |")


if __name__ == "__main__":
    main()
