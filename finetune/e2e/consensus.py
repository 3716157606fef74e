"""Keep of E2E's references those that others agree with: `tinycopy e2e-consensus`.

Nearly half of the training references say something else than their meaning, and each meaning
has eight or nine of them, worded differently. A small model learns more from the few that say
exactly what is asked, in words that the other references use too: what sequence-level distillation
takes from a teacher's likeliest outputs (Kim and Rush, 2016), taken from people. Long meanings are
rare in training and common in what the task asks, so their references come several times, about
other restaurants. The file that this writes is what the recipe `e2e` trains on; it holds text of
E2E and is under E2E's licence.
"""

import argparse
import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sacrebleu import BLEU
from tqdm import tqdm

from finetune.e2e.data import Case, Edition, read_cases
from finetune.e2e.slot_errors import slot_errors
from finetune.meanings import Slot
from finetune.stage import Metadata, checked, digest, run_stage, say

KEEP = 3
"""References kept of each meaning."""
LONG = 6
"""Slots of a meaning above which each slot more doubles how often its references are given."""
_NAMES = ("name", "near")
"""The attributes whose values are names of places, which any other place can take."""


class ConsensusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """edition: of the training data.  keep: the most references of one meaning.  long: slots above
    which each slot more doubles how often a meaning's references are given."""

    edition: Edition = Edition.ORIGINAL
    keep: Annotated[int, Meta(ge=1)] = KEEP
    long: Annotated[int, Meta(ge=0)] = LONG


def consensus(case: Case, keep: int = KEEP) -> list[str]:
    """The references that say each slot once and no other, those that most agree with the rest.

    Agreement is the mean sentence BLEU against the meaning's other references. A meaning without
    such a reference gives the one with the fewest errors if it has one error only, else none.
    """
    measure = BLEU(lowercase=True, effective_order=True)
    texts = list(dict.fromkeys(" ".join(text.split()) for text in case.references))

    def agreement(text: str) -> float:
        others = [other for other in texts if other != text]
        scores = [measure.sentence_score(text, [other]).score for other in others]
        return sum(scores) / max(1, len(scores))

    errors = {text: slot_errors(case.meaning, text) for text in texts}
    ranked = sorted(texts, key=lambda text: (-agreement(text), text))
    exact = [text for text in ranked if not (errors[text].count or errors[text].repeated)]
    nearly = sorted((t for t in ranked if errors[t].count <= 1), key=lambda t: errors[t].count)
    return exact[:keep] or nearly[:1]


class Places:
    """Other names of places, for the same said of another restaurant."""

    def __init__(self, cases: Sequence[Case]) -> None:
        values = {(slot.name, slot.value) for case in cases for slot in case.meaning}
        self._values = {name: sorted(v for n, v in values if n == name) for name in _NAMES}

    def elsewhere(self, meaning: Sequence[Slot], text: str, time: int) -> Case:
        """A meaning and its text with other names, each `time` others.

        A name that the text does not have as the meaning writes it stays as it is.
        """
        rng = random.Random(f"{time} {text}")
        slots = list[Slot]()
        for slot in meaning:
            value = slot.value
            if slot.name in _NAMES and value in text:
                taken = {one.value for one in (*meaning, *slots)}
                others = [other for other in self._values[slot.name] if other not in taken]
                value = rng.choice(others or [value])
                text = text.replace(slot.value, value)
            slots.append(Slot(slot.name, value))
        return Case(tuple(slots), (text,))


def _kept(case: Case, places: Places, settings: ConsensusSettings) -> list[Case]:
    """What to learn from a meaning: its consensus, of a long meaning more than once."""
    texts = consensus(case, settings.keep)
    times = 2 ** max(0, len(case.meaning) - settings.long)
    again = (places.elsewhere(case.meaning, text, t) for text in texts for t in range(1, times))
    kept = [Case(case.meaning, (text,)) for text in texts]
    return kept + [other for other in again if other.meaning != case.meaning]


def select(settings: ConsensusSettings, cases: Sequence[Case], out: Path) -> Metadata:
    """Write train.csv, with the columns `mr` and `ref`, into the directory `out`."""

    def work(directory: Path) -> Mapping[str, Any]:
        places = Places(cases)
        kept = [_kept(case, places, settings) for case in tqdm(cases, desc="choose", disable=None)]
        with (directory / "train.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["mr", "ref"])
            writer.writerows((one.text, *one.references) for each in kept for one in each)
        return {
            "meanings": len(cases),
            "references": sum(len(case.references) for case in cases),
            "rows": sum(map(len, kept)),
            "meanings_without": sum(not each for each in kept),
        }

    inputs = {"cases": digest(msgspec.json.encode(cases))}
    return run_stage(
        "e2e-consensus", out, inputs=inputs, settings=settings, work=work, resumable=False
    )


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy e2e-consensus`. Raises StageError."""
    parser = argparse.ArgumentParser(
        prog="tinycopy e2e-consensus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        help="directory with the official files, or OWNER/NAME of the hub",
    )
    add("--out", type=Path, required=True, help="output directory")
    add("--edition", type=Edition, choices=list(Edition), default=Edition.ORIGINAL)
    add("--keep", type=int, default=KEEP, help="references of one meaning; default: %(default)s")
    add(
        "--long",
        type=int,
        default=LONG,
        help="slots of a meaning that is given once; each more doubles it; default: %(default)s",
    )
    given = parser.parse_args(argv)
    settings = checked(
        {"edition": given.edition, "keep": given.keep, "long": given.long}, ConsensusSettings
    )
    found = select(settings, read_cases(given.data, given.edition, "train"), given.out).metrics
    say(f"e2e-consensus: {found['rows']:,} rows of {found['references']:,} references")
