"""Scores of texts on E2E, and the check that they are the scores everybody else reports."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from finetune.e2e.data import Case, Edition, read_cases, read_texts, stored_outputs
from finetune.e2e.ngrams import bleu, nist
from finetune.e2e.slot_errors import SlotErrors, corpus_slot_errors
from finetune.stage import StageError

PUBLISHED = {
    "TGen": (65.93, 8.609),
    "GPT-2 Medium (354 M), fine-tuned": (68.2, None),
    "GPT-2 Medium, LoRA": (70.4, None),
}
"""BLEU and NIST on the original test: Dusek, Novikova and Rieser, Evaluating the state of the art
of end-to-end natural language generation, 2020; Hu et al., LoRA, ICLR 2022, table 3."""

_KNOWN = {Edition.ORIGINAL: (66.41, 8.55, 4.27), Edition.CLEANED: (40.73, 5.96, 0.87)}
"""BLEU, NIST and slot error rate (%) of TGen's stored outputs: means of their five runs."""
_HUMAN_SLOT_ERRORS = {Edition.ORIGINAL: 11.5, Edition.CLEANED: 0.0}
"""Slot error rate (%) of the test's references, to one decimal: the cleaned ones define zero."""


class E2eScores(msgspec.Struct, frozen=True):
    """BLEU (0 to 100), NIST and slot errors of one text per case."""

    bleu: float
    nist: float
    errors: SlotErrors


def score(cases: Sequence[Case], texts: Sequence[str]) -> E2eScores:
    """The scores of one text per case; raises ValueError if there are more or fewer."""
    references = [case.references for case in cases]
    return E2eScores(
        bleu(texts, references),
        nist(texts, references),
        corpus_slot_errors([case.meaning for case in cases], texts),
    )


def human_slot_errors(cases: Sequence[Case]) -> SlotErrors:
    """The slot errors of the references themselves."""
    pairs = [(case.meaning, text) for case in cases for text in case.references]
    return corpus_slot_errors([meaning for meaning, _ in pairs], [text for _, text in pairs])


def calibrate(data: Path, edition: Edition) -> str:
    """Score the outputs whose scores are known, as lines to read.

    Raises StageError if a mean differs from what is known, rounded alike.
    """
    cases = read_cases(data, edition, "test")
    scores = [score(cases, read_texts(path, cases)) for path in stored_outputs(data, edition)]
    means = tuple(
        math.fsum(values) / len(scores)
        for values in zip(*((s.bleu, s.nist, 100 * s.errors.rate) for s in scores), strict=True)
    )
    human = 100 * human_slot_errors(cases).rate
    found = tuple(round(mean, 2) for mean in means)
    known, known_human = _KNOWN[edition], _HUMAN_SLOT_ERRORS[edition]
    lines = [
        f"{edition} test: {len(cases)} meanings, {len(scores)} runs of TGen",
        *(_line(f"run {i}", s.bleu, s.nist, s.errors.rate) for i, s in enumerate(scores)),
        _line("mean", means[0], means[1], means[2] / 100),
        "known: BLEU {:.2f}, NIST {:.2f}, slot error rate {:.2f} %".format(*known),
        f"references: slot error rate {human:.2f} %; known: {known_human:.1f} %",
    ]
    if found != known or round(human, 1) != known_human:
        raise StageError("\n".join(["these metrics are not those that are known", *lines]))
    return "\n".join(lines)


def _line(name: str, of_bleu: float, of_nist: float, rate: float) -> str:
    return f"{name}: BLEU {of_bleu:.2f}, NIST {of_nist:.2f}, slot error rate {100 * rate:.2f} %"


def score_table(scores: Mapping[str, E2eScores], human: SlotErrors, *, original_test: bool) -> str:
    """The scores as Markdown, beside published ones where they are of the same data."""
    lines = [
        "| | BLEU | NIST | slot error rate, % | added | missing | wrong | slots |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        f"| references | - | - | {_errors(human)} |",
    ]
    for label, one in scores.items():
        lines.append(f"| {label} | {one.bleu:.2f} | {one.nist:.2f} | {_errors(one.errors)} |")
    if original_test:
        for name, (of_bleu, of_nist) in PUBLISHED.items():
            shown = "-" if of_nist is None else f"{of_nist:.2f}"
            lines.append(f"| {name} (published) | {of_bleu:.2f} | {shown} | - | - | - | - | - |")
    return "\n".join(lines) + "\n"


def _errors(errors: SlotErrors) -> str:
    counts = (errors.added, errors.missing, errors.wrong, errors.slots)
    return " | ".join([f"{100 * errors.rate:.2f}", *map(str, counts)])
