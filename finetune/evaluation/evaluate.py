"""Evaluate generators side by side: every one writes copy for the same briefs of a deck's split.

Leaves evaluation.json, table.md, samples.md, plots, rows.jsonl and metadata.json in the output
directory. The copies of each generator are kept there and used again as long as the generator, the
rows and the sampling are the same, so adding a generator costs only that generator. The deck's own
held-out copy is scored beside them as "deck".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from finetune.chosen import choose
from finetune.deck import Row, load_deck, read_shipped
from finetune.deck_command import deck_settings
from finetune.evaluation.assess import (
    COPIES,
    EVALUATION,
    ROWS,
    EvaluateSettings,
    Evaluation,
    Written,
    assess,
    corpus_scores,
    samples_markdown,
)
from finetune.evaluation.plots import save_plots
from finetune.evaluation.resampling import intervals
from finetune.evaluation.tables import probe_tables, score_tables
from finetune.generators.generate import (
    Generator,
    Kind,
    Sampling,
    Spec,
    function_digest,
    generator_digest,
    generator_parser,
    given_sampling,
    open_generator,
    parse_spec,
    refuse_shared_labels,
)
from finetune.probe.briefs import read_probe
from finetune.stage import (
    METADATA,
    Metadata,
    checked,
    digest,
    read_metadata,
    run_stage,
    say,
)
from tinycopy.brief import Brief


@dataclass(frozen=True)
class Entrant:
    """A generator before it is loaded.

    digest: see generate.generator_digest. stage: metadata of the stage that made it, if any.
    """

    label: str
    kind: Kind
    digest: str | None
    open: Callable[[], Generator]
    stage: Metadata | None = None


def evaluate(
    settings: EvaluateSettings,
    rows: Sequence[Row],
    training: Sequence[Row],
    entrants: Sequence[Entrant],
    out: Path,
    *,
    resume: bool = False,
) -> Metadata:
    """Evaluate `entrants` on `rows` (see `choose`) into the directory `out`.

    training: the rows of the training split. Raises StageError if two entrants share a label.
    """
    refuse_shared_labels([entrant.label for entrant in entrants])
    chosen = choose(rows, settings.limit)
    task = _Task("", [row.brief for row in chosen], [row.copy for row in chosen], _digest(chosen))
    probe = read_probe() if settings.probe else []
    probing = _Task("-probe", [one.brief for one in probe], None, _digest(probe))
    # Nobody can say whether an unknown generator is still the same, so it is asked every time.
    unknown = f"unknown, asked at {datetime.now(UTC).isoformat()}"
    inputs = {entrant.label: entrant.digest or unknown for entrant in entrants}
    inputs |= {"rows": task.digest, "training rows": _digest(training), "probe": probing.digest}
    inputs["function"] = function_digest()

    def work(directory: Path) -> Mapping[str, Any]:
        def written(task: _Task) -> dict[str, Written]:
            return {
                entrant.label: _written(entrant, task, settings, directory, out)
                for entrant in entrants
            }

        copies = written(task)
        probed = written(probing) if probe else None
        evaluation = assess(settings, chosen, training, copies, probe, probed)
        _save(evaluation, chosen, copies, directory)
        return {label: entry.scores.all_checks for label, entry in evaluation.entries.items()}

    return run_stage("evaluate", out, inputs=inputs, settings=settings, work=work, resume=resume)


@dataclass(frozen=True)
class _Task:
    """Briefs to write copy for. suffix: of the file that keeps it. references: where there are."""

    suffix: str
    briefs: Sequence[Brief]
    references: Sequence[str] | None
    digest: str


def _digest(rows: Sequence[msgspec.Struct]) -> str:
    return digest(msgspec.json.encode(rows))


def _written(
    entrant: Entrant, task: _Task, settings: EvaluateSettings, directory: Path, finished: Path
) -> Written:
    """What the entrant writes, or wrote: in this run before it broke off, or in the last one."""
    parts = [entrant.digest, task.digest, settings.seed, settings.sampling, function_digest()]
    fingerprint = digest(msgspec.json.encode(parts))
    path = directory / COPIES / f"{entrant.label}{task.suffix}.json"
    for known in (path, finished / COPIES / path.name):
        if entrant.digest is not None and known.is_file():
            written = msgspec.json.decode(known.read_bytes(), type=Written)
            if written.fingerprint == fingerprint:
                say(f"evaluate: {entrant.label}: its copies are there already")
                _write(path, msgspec.json.encode(written))
                return written
    say(f"evaluate: {entrant.label}{task.suffix}: {len(task.briefs)} briefs")
    generator = entrant.open()
    copies = [copies[0] for copies in generator.write(task.briefs, seed=settings.seed)]
    likelihoods = None
    if task.references is not None:
        likelihoods = generator.log_likelihoods(task.briefs, task.references)
    written = Written(entrant.kind, fingerprint, copies, likelihoods, entrant.stage)
    _write(path, msgspec.json.encode(written))
    return written


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _save(
    evaluation: Evaluation, rows: Sequence[Row], copies: Mapping[str, Written], directory: Path
) -> None:
    _write(directory / EVALUATION, msgspec.json.format(msgspec.json.encode(evaluation)) + b"\n")
    _write(directory / ROWS, msgspec.json.Encoder().encode_lines(rows))
    scores = {label: entry.scores for label, entry in evaluation.entries.items()}
    probes = {label: one.probe for label, one in evaluation.entries.items() if one.probe}
    around = {label: intervals(one) for label, one in corpus_scores(rows, copies).items()}
    (directory / "table.md").write_text(score_tables(scores, around) + probe_tables(probes))
    (directory / "samples.md").write_text(samples_markdown(evaluation))
    save_plots(scores, directory)


def _entrant(spec: Spec, sampling: Sampling) -> Entrant:
    directory = spec.directory
    stage = read_metadata(directory) if directory and (directory / METADATA).is_file() else None
    return Entrant(
        spec.label, spec.kind, generator_digest(spec), lambda: open_generator(spec, sampling), stage
    )


def _deck(recipe: Path | None, path: str | None, split: str) -> tuple[Sequence[Row], Sequence[Row]]:
    """The rows of the training split, and of `split`."""
    if recipe is None and path is None:
        return read_shipped("train"), read_shipped(split)
    deck = load_deck(deck_settings(recipe, path))
    return deck.train, {"valid": deck.valid, "test": deck.test}[split]


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy evaluate`. Raises StageError."""
    sampled = "of base models and teachers; default:"
    parser = generator_parser("evaluate", __doc__, sampled=sampled)
    add = parser.add_argument
    add("--deck", help="a deck's file, directory or hub id; default: the shipped deck")
    add("--recipe", type=Path, help="take the deck's settings from this recipe's [deck]")
    add("--split", choices=("valid", "test"), default="test", help="default: test")
    add("--limit", type=int, help="evaluate this many rows, each type in its share; default: all")
    add("--probe", action="store_true", help="also score copy for the probe of unseen briefs")
    add("--resume", action="store_true", help="go on with a run that broke off")
    given = parser.parse_args(argv)
    settings = checked(
        {
            "generators": given.generator,
            "split": given.split,
            "limit": given.limit,
            "seed": given.seed,
            "probe": given.probe,
            "sampling": given_sampling(given),
        },
        EvaluateSettings,
    )
    entrants = [_entrant(parse_spec(text), settings.sampling) for text in settings.generators]
    training, rows = _deck(given.recipe, given.deck, settings.split)
    metadata = evaluate(settings, rows, training, entrants, given.out, resume=given.resume)
    say(f"evaluate: {metadata.seconds} s; see {given.out / 'table.md'}")
