"""What an evaluation finds: scores of each generator and sample copy, from what was written.

Not covered here: writing the copy and the output directory (evaluate.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from finetune.deck import Row
from finetune.evaluation.metrics import Scores, score
from finetune.evaluation.overlap import TrainingCopy
from finetune.evaluation.resampling import Resampled, resampled, variety
from finetune.evaluation.tables import Sample, sample_sheet
from finetune.evaluation.tone import ToneClassifier
from finetune.generators.generate import DECK, Copy, Kind, Likelihood, Sampling
from finetune.probe.briefs import ProbeBrief, SliceScores, score_probe
from finetune.stage import Metadata, read_output
from tinycopy.brief import Brief, CopyType
from tinycopy.checks import run_checks

EVALUATION, ROWS, COPIES = "evaluation.json", "rows.jsonl", "copies"
_CHOSEN_PER_TYPE = 2
_WORST = 4


class EvaluateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is evaluated, and how."""

    generators: tuple[str, ...]
    split: str = "test"
    limit: Annotated[int, Meta(ge=1)] | None = None
    seed: int = 1
    sampling: Sampling = Sampling()
    probe: bool = False


class Written(msgspec.Struct, frozen=True):
    """What one generator wrote for every row, kept so that it need not write again.

    fingerprint: of the generator, the rows, the seed and the sampling.
    likelihoods: of the references; None if the generator tells none.
    stage: metadata of the stage that made the generator, if any.
    """

    kind: Kind
    fingerprint: str
    copies: list[Copy]
    likelihoods: list[Likelihood] | None
    stage: Metadata | None


class Entry(msgspec.Struct, frozen=True):
    """One generator's results.

    stage: metadata of the stage that made it, if any.  probe: by slice, if the probe was asked for.
    """

    kind: Kind | None
    scores: Scores
    stage: Metadata | None
    probe: dict[str, SliceScores] | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What evaluation.json holds; entries are by label, the deck's own copy first.

    chosen: for each type, the rows whose briefs hash lowest. worst: by label, the rows whose copy
    fails most checks.
    """

    settings: EvaluateSettings
    rows: int
    entries: dict[str, Entry]
    chosen: list[Sample]
    worst: dict[str, list[Sample]]


def read_evaluation(directory: Path) -> Evaluation:
    """A finished evaluation. Raises StageError if there is none or it cannot be read."""
    return read_output(
        directory / EVALUATION, Evaluation, f"run `tinycopy evaluate --out {directory}`"
    )


def assess(
    settings: EvaluateSettings,
    rows: Sequence[Row],
    training: Sequence[Row],
    written: Mapping[str, Written],
    probe: Sequence[ProbeBrief] = (),
    probed: Mapping[str, Written] | None = None,
) -> Evaluation:
    """Score what each label's generator wrote, beside the deck's own copy, and pick the samples.

    training: the rows of the training split.  probed: what each label wrote for the probe's briefs.
    """
    briefs, references = [row.brief for row in rows], [row.copy for row in rows]
    known = TrainingCopy(row.copy for row in training)
    tones = ToneClassifier(training) if len({row.brief.tone for row in training}) > 1 else None

    def scored(copies: Sequence[Copy], likelihoods: Sequence[Likelihood] | None) -> Scores:
        texts = [copy.text for copy in copies]
        return score(
            briefs,
            references,
            copies,
            training=known,
            likelihoods=likelihoods,
            on_tone=tones.agrees(briefs, texts) if tones else None,
            reference=copies is own,
        )

    own = [Copy(text, 0, 0.0) for text in references]
    entries = {DECK: Entry(None, scored(own, None), None)}
    for label, one in written.items():
        by_slice = None
        if probed is not None:
            by_slice = score_probe(probe, [copy.text for copy in probed[label].copies])
        entries[label] = Entry(one.kind, scored(one.copies, one.likelihoods), one.stage, by_slice)
    texts = {DECK: references}
    texts |= {label: [copy.text for copy in one.copies] for label, one in written.items()}
    samples = [
        _sample(row, {label: t[i] for label, t in texts.items()}) for i, row in enumerate(rows)
    ]
    return Evaluation(
        settings=settings,
        rows=len(rows),
        entries=entries,
        chosen=[
            sample
            for type_ in CopyType
            for sample in [s for s in samples if s.brief.type == type_][:_CHOSEN_PER_TYPE]
        ],
        worst={label: _worst(samples, label) for label in written},
    )


def _sample(row: Row, copies: dict[str, str]) -> Sample:
    failed = {
        label: [name for name, passed in run_checks(row.brief, text).items() if not passed]
        for label, text in copies.items()
    }
    return Sample(row.brief, copies, failed)


def _worst(samples: Sequence[Sample], label: str) -> list[Sample]:
    failing = [sample for sample in samples if sample.failed[label]]
    return sorted(failing, key=lambda s: -len(s.failed[label]))[:_WORST]


def corpus_scores(
    rows: Sequence[Row], written: Mapping[str, Written]
) -> dict[str, dict[str, Resampled]]:
    """By label, the deck's own copy first: the scores that have intervals by resampling."""
    briefs, references = [row.brief for row in rows], [row.copy for row in rows]
    return {DECK: variety(references)} | {
        label: resampled(briefs, references, [copy.text for copy in one.copies])
        for label, one in written.items()
    }


def samples_markdown(evaluation: Evaluation) -> str:
    """samples.md: copy picked by rule, good and bad, then the worst of each generator."""
    return "\n".join(
        (chosen_rule(evaluation), sample_sheet(evaluation.chosen), worst_markdown(evaluation))
    )


def chosen_rule(evaluation: Evaluation) -> str:
    """How the sample copy was picked."""
    return (
        f"Picked by rule, good or bad: of each type the {_CHOSEN_PER_TYPE} rows of the "
        f"{evaluation.settings.split} split whose briefs' hashes are lowest.\n"
    )


def worst_markdown(evaluation: Evaluation, only: str | None = None) -> str:
    """Each row once whose copy is among the worst of some generator.

    only: of this generator, its copy beside the deck's own and no other's.
    """
    of_row: dict[Brief, list[str]] = {}
    samples: dict[Brief, Sample] = {}
    for label, worst in evaluation.worst.items():
        for sample in worst if only in (None, label) else ():
            samples[sample.brief] = sample
            of_row.setdefault(sample.brief, []).append(label)
    if not samples:
        return ""
    parts = [
        f"Rows on which copy fails most checks, at most {_WORST} of each generator; those of a tie "
        "stand in the order of their briefs' hashes:\n"
    ]
    for brief, sample in samples.items():
        if only is None:
            parts += [f"Among the worst of {', '.join(of_row[brief])}:\n", sample_sheet([sample])]
        else:
            parts.append(sample_sheet([_narrowed(sample, (DECK, only))]))
    return "\n".join(parts)


def _narrowed(sample: Sample, labels: Sequence[str]) -> Sample:
    return Sample(
        sample.brief,
        {label: sample.copies[label] for label in labels},
        {label: sample.failed[label] for label in labels},
    )
