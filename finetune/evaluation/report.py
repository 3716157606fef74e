"""Render a report from saved metadata: no figure in it is typed by hand.

Each EVALUATION is a directory that `tinycopy evaluate` wrote. The stages that made its generators
are found in it; name others, such as the deck and the labels, by --stage. What is not there is
left out. Plots are copied beside the report, so that it can be read anywhere.
"""

import argparse
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.evaluation.assess import Evaluation, read_evaluation, samples_markdown
from finetune.evaluation.metrics import SELF_BLEU_SAMPLE
from finetune.evaluation.plots import CHECKS_PLOT, COPIED_PLOT, LATENCY_PLOT
from finetune.evaluation.tables import percent, probe_tables, score_tables
from finetune.generators.generate import DECK, Kind
from finetune.stage import Metadata, StageError, digest, read_metadata, say
from tinycopy.checks import CHECKS

_PLOTS = {
    CHECKS_PLOT: "Checks passed by each generator, with 95 % intervals",
    LATENCY_PLOT: "Copy that passes all checks against milliseconds per copy",
    COPIED_PLOT: "Longest run of words shared with training copy",
}

_STAGES = {
    "deck": ("Data", "Briefs with copy, split by product so that no split knows another's."),
    "finetune": (
        "Teacher",
        "A pretrained language model, fine-tuned on the training split; its loss counts the copy's "
        "tokens alone.",
    ),
    "label": (
        "Labels",
        "Copy that the teacher sampled for many briefs, kept only if it passes every check; what "
        "was dropped is counted by reason.",
    ),
    "student": (
        "Student",
        "A small model trained on deck and labels. Names, numbers and features are slots, so it "
        "repeats them exactly or not at all.",
    ),
    "convert": (
        "Release",
        "The student in CTranslate2, compared with PyTorch on the validation split before it was "
        "let through.",
    ),
}

_TASK = """## Task

A brief names a product with features, or is a free prompt, and asks for a type of copy in a tone,
a length and, if the caller likes, for an audience and with keywords. Copy must fit the brief, state
nothing that the brief does not say, and read as if somebody had written it for that product.
"""

_LIMITS = f"""## Limits

- The checks find what a program can find: a missing name, a strange number, a broken ending. Copy
  that passes them all may still be dull, odd or off tone; no reader has rated this copy.
- BLEU, chrF and ROUGE compare with one reference each. Good copy for a brief can be written in many
  ways, so they tell generators apart but do not say how good any one is.
- Perplexity per token compares only models that share a tokenizer; per word and bits per character
  compare all. A student is scored on copy with slots, where a name, number or feature costs little.
- A student, before conversion or as a release or a running function, samples several candidates
  and ranks them by the same checks that score them here. The base model and the teacher write one.
- distinct-n and self-BLEU depend on the number of rows: compare them within one table. Self-BLEU is
  taken on at most {SELF_BLEU_SAMPLE} copies.
- Milliseconds are those of the machine that ran the evaluation, in batches where a generator runs
  in PyTorch; compare them with each other, not with other machines.
"""


def render(
    evaluations: Mapping[str, Evaluation], stages: Sequence[Metadata], plots: Mapping[str, str]
) -> str:
    """The report.

    evaluations: by a name that is unique. plots: "NAME/FILE" -> path as the report links it.
    """
    parts = [
        "# Report\n",
        "<!-- Written by `tinycopy report`; do not edit. -->\n",
        _headline(evaluations),
        _TASK,
    ]
    parts += [_stage(stage) for stage in _in_order(evaluations, stages)]
    for name, evaluation in evaluations.items():
        parts += _evaluation(name, evaluation, plots)
    parts += ["## Checks\n", "What passing each means:\n"]
    parts += ["\n".join(f"- `{check.name}`: {check.summary}" for check in CHECKS) + "\n"]
    return "\n".join([*parts, _LIMITS])


def _headline(evaluations: Mapping[str, Evaluation]) -> str:
    """The first thing a reader wants to know: how much copy passes, and at what cost."""
    lines = []
    for evaluation in evaluations.values():
        split = evaluation.settings.split
        for label, entry in evaluation.entries.items():
            who = "The deck's own copy" if label == DECK else f"The copy of `{label}`"
            time = f", {entry.scores.ms.median:,.0f} ms each" if entry.scores.ms else ""
            lines.append(
                f"- {who} passes all checks in {percent(entry.scores.all_checks)} % of "
                f"{evaluation.rows} rows of the {split} split{time}."
            )
    return "In short (shares with 95 % intervals, medians of time):\n\n" + "\n".join(lines) + "\n"


def _in_order(evaluations: Mapping[str, Evaluation], stages: Iterable[Metadata]) -> list[Metadata]:
    """Every stage once, in the order of the chain."""
    found = [*stages]
    for evaluation in evaluations.values():
        found += [entry.stage for entry in evaluation.entries.values() if entry.stage]
    once = {stage.fingerprint: stage for stage in found if stage.stage in _STAGES}
    return sorted(once.values(), key=lambda stage: list(_STAGES).index(stage.stage))


def _stage(stage: Metadata) -> str:
    title, what = _STAGES[stage.stage]
    rows = [("seconds", stage.seconds), ("git commit", stage.git_commit or "not in a checkout")]
    lines = [f"## {title}\n", f"{what}\n", "| | |", "|---|---|"]
    for name, value in [*_flat(stage.metrics), *rows]:
        lines.append(f"| {name} | {_shown(value)} |")
    lines += ["", "Settings: " + ", ".join(f"{n} = {_shown(v)}" for n, v in _flat(stage.settings))]
    return "\n".join(lines) + "\n"


def _flat(values: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """The plain values of nested tables, named by their path; lists, such as logs, are left out."""
    flat = []
    for name, value in values.items():
        path = f"{above}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            flat += _flat(value, f"{path}: ")
        elif isinstance(value, str | int | float) and not _is_path(value):
            flat.append((path, value))
    return flat


def _is_path(value: object) -> bool:
    """Whether a value names a place on the machine that ran the stage, which says nothing here."""
    return isinstance(value, str) and Path(value).is_absolute()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")


def _evaluation(name: str, evaluation: Evaluation, plots: Mapping[str, str]) -> list[str]:
    settings, sampling = evaluation.settings, evaluation.settings.sampling
    kinds = {entry.kind for entry in evaluation.entries.values()}
    parts = [f"## Evaluation: {name}\n"]
    parts.append(
        f"{evaluation.rows} rows of the {settings.split} split, one copy each, "
        f"seed {settings.seed}. `{DECK}` is the deck's own held-out copy, the yardstick."
    )
    if kinds & {Kind.BASE, Kind.TEACHER}:
        parts.append(
            f"The base model and the teacher sample at temperature {sampling.temperature:g}, "
            f"top-p {sampling.top_p:g}."
        )
    parts += ["", score_tables({label: e.scores for label, e in evaluation.entries.items()})]
    probes = {label: e.probe for label, e in evaluation.entries.items() if e.probe}
    parts.append(probe_tables(probes))
    for file, caption in _PLOTS.items():
        if path := plots.get(f"{name}/{file}"):
            parts.append(f"![{caption}]({path})\n")
    return [*parts, f"### Sample copy: {name}\n", samples_markdown(evaluation)]


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy report`. Raises StageError."""
    parser = argparse.ArgumentParser(prog="tinycopy report", description=__doc__)
    parser.add_argument("evaluations", nargs="+", type=Path, metavar="EVALUATION")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")
    parser.add_argument(
        "--stage", type=Path, action="append", default=[], help="a stage's output; repeatable"
    )
    given = parser.parse_args(argv)
    names = [directory.resolve().name for directory in given.evaluations]
    if len(set(names)) < len(names):
        raise StageError(f"evaluations share a name ({', '.join(names)}); rename their directories")
    evaluations = {
        name: read_evaluation(directory)
        for name, directory in zip(names, given.evaluations, strict=True)
    }
    stages = [read_metadata(directory) for directory in given.stage]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    plots = _copy_plots(dict(zip(names, given.evaluations, strict=True)), given.out)
    text = render(evaluations, stages, plots)
    given.out.write_text(text, encoding="utf-8")
    say(f"report: {given.out}, sha256 {digest(text.encode())[:12]}")


def _copy_plots(directories: Mapping[str, Path], out: Path) -> dict[str, str]:
    """Copy the plots of each evaluation to OUT's name + "-plots"; where the report finds each."""
    plots: dict[str, str] = {}
    folder = out.with_name(f"{out.stem}-plots")
    for name, directory in directories.items():
        for file in _PLOTS:
            if (directory / file).is_file():
                folder.mkdir(exist_ok=True)
                target = folder / f"{name}-{file}"
                shutil.copyfile(directory / file, target)
                plots[f"{name}/{file}"] = Path(os.path.relpath(target, out.parent)).as_posix()
    return plots
