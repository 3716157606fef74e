"""Keep of E2E's references those that others agree with: `tinycopy e2e-consensus`.

Nearly half of the training references say something else than their meaning, and each meaning
has eight or nine of them, worded differently. A small model learns more from the few that say
exactly what is asked, in words that the other references use too: what sequence-level distillation
takes from a teacher's likeliest outputs (Kim and Rush, 2016), taken from people. The file that this
writes is what the recipe `e2e` trains on; it holds text of E2E and is under E2E's licence.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sacrebleu import BLEU
from tqdm import tqdm

from finetune.e2e.data import Case, Edition, read_cases
from finetune.e2e.slot_errors import slot_errors
from finetune.stage import Metadata, checked, digest, run_stage, say

KEEP = 3
"""References kept of each meaning."""


class ConsensusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """edition: of the training data.  keep: the most references of one meaning."""

    edition: Edition = Edition.ORIGINAL
    keep: Annotated[int, Meta(ge=1)] = KEEP


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


def select(settings: ConsensusSettings, cases: Sequence[Case], out: Path) -> Metadata:
    """Write train.csv, with the columns `mr` and `ref`, into the directory `out`."""

    def work(directory: Path) -> Mapping[str, Any]:
        kept = [consensus(case, settings.keep) for case in tqdm(cases, desc="choose", disable=None)]
        with (directory / "train.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["mr", "ref"])
            for case, texts in zip(cases, kept, strict=True):
                writer.writerows([case.text, text] for text in texts)
        return {
            "meanings": len(cases),
            "references": sum(len(case.references) for case in cases),
            "kept": sum(map(len, kept)),
            "meanings_without": sum(not texts for texts in kept),
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
    given = parser.parse_args(argv)
    settings = checked({"edition": given.edition, "keep": given.keep}, ConsensusSettings)
    found = select(settings, read_cases(given.data, given.edition, "train"), given.out).metrics
    say(f"e2e-consensus: kept {found['kept']:,} of {found['references']:,} references")
