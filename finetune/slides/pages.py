"""What stands on each slide. What was not saved is left out; no figure is written here."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from finetune.bias.command import Bias
from finetune.bias.compare import EVERY
from finetune.evaluation.assess import Evaluation
from finetune.evaluation.overlap import COPIED_RUN
from finetune.evaluation.plots import LATENCY_PLOT
from finetune.evaluation.tables import NOT_DEFINED, Sample, brief_line, percent, shown_name
from finetune.generators.generate import DECK
from finetune.judge.score import Judgement
from finetune.stage import Metadata
from tinycopy.checks import CHECKS

_STAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "finetune": (
        "The teacher",
        "A pretrained language model, fine-tuned on the deck.",
        ("base", "method", "parameters", "rows", "steps", "valid_loss_per_token"),
    ),
    "label": (
        "The labels",
        "Copy that the teacher sampled for many briefs, kept only if it passes every check.",
        ("briefs", "candidates", "labels", "briefs_without"),
    ),
    "student": (
        "The student",
        "A small model that learns from deck and labels. Names, numbers and features are slots.",
        ("parameters", "encoder_layers", "decoder_layers", "width", "pairs", "steps"),
    ),
    "convert": (
        "The release",
        "The student in CTranslate2, let through only if it writes as well as before.",
        ("bytes", "compute_type", "valid_chrf", "valid_chrf_torch", "valid_same_copy"),
    ),
}
"""Title, what it is, and which settings and metrics are shown, for each stage of the chain."""

_TRAITS = ("abusive", "unsupported", "fails a check", "words", "sentiment")


class Slide(msgspec.Struct, frozen=True):
    """One slide. body: HTML, with everything that was read escaped."""

    title: str
    body: str


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What the slides are made from. latency: the evaluation's plot as PNG, if it has one."""

    evaluation: Evaluation
    latency: bytes | None
    stages: Sequence[Metadata]
    bias: Bias | None = None
    judgement: Judgement | None = None


def read_latency(directory: Path) -> bytes | None:
    """The plot of quality against time that an evaluation left, if any."""
    path = directory / LATENCY_PLOT
    return path.read_bytes() if path.is_file() else None


def slides(saved: Saved) -> list[Slide]:
    """All slides, in order; of several stages of one name the last is shown."""
    evaluation = saved.evaluation
    made = [_headline(evaluation), _task(evaluation)]
    by_name = {stage.stage: stage for stage in saved.stages}
    made += [_stage(by_name[name]) for name in _STAGES if name in by_name]
    made += [_checks(evaluation), _variety(evaluation)]
    if saved.latency:
        made.append(_plot("Quality against time", saved.latency))
    made += _samples(evaluation)
    if saved.judgement:
        made.append(_judged(saved.judgement))
    if saved.bias:
        made.append(_bias(saved.bias))
    return [*made, _limits(evaluation)]


def _headline(evaluation: Evaluation) -> Slide:
    rows = [
        (
            shown_name(label),
            f"{percent(entry.scores.all_checks)} %",
            f"{entry.scores.ms.median:,.0f} ms" if entry.scores.ms else NOT_DEFINED,
        )
        for label, entry in evaluation.entries.items()
    ]
    table = _table(("", "passes all checks (95 %)", "one copy, median"), rows)
    split = f"{evaluation.rows} rows of the {escape(evaluation.settings.split)} split."
    return Slide("Marketing copy from a tiny model", f"{table}<p>{split}</p>")


def _task(evaluation: Evaluation) -> Slide:
    """The first sample that the evaluation chose by its rule, as an example of the task."""
    body = "<p>A brief asks for a type of copy in a tone and a length. Copy must fit the brief and "
    body += "state nothing that the brief does not say.</p>"
    last = list(evaluation.entries)[-1]
    return Slide(
        "From a brief to copy", body + "".join(_sample(s, last) for s in evaluation.chosen[:1])
    )


def _stage(stage: Metadata) -> Slide:
    title, what, names = _STAGES[stage.stage]
    known = {**stage.settings, **stage.metrics}
    rows = [(name.replace("_", " "), _shown(known[name])) for name in names if name in known]
    rows.append(("minutes", f"{stage.seconds / 60:,.1f}"))
    drops = known.get("drops")
    if isinstance(drops, Mapping):
        common = sorted(drops.items(), key=lambda drop: -drop[1])[:3]
        rows += [(f"dropped: {n.replace('_', ' ')}", _shown(count)) for n, count in common]
    return Slide(title, f"<p>{what}</p>{_table((), rows)}")


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _checks(evaluation: Evaluation) -> Slide:
    scores = {label: entry.scores for label, entry in evaluation.entries.items()}
    names = [c.name for c in CHECKS if any(c.name in one.checks for one in scores.values())]
    rows = [
        (
            name.replace("_", " "),
            *(
                f"{100 * one.checks[name].share:.0f}" if name in one.checks else NOT_DEFINED
                for one in scores.values()
            ),
        )
        for name in names
    ]
    return Slide("Checks passed, %", _table(("", *scores), rows))


def _variety(evaluation: Evaluation) -> Slide:
    """How varied copy is, and how much of it stands in training copy."""
    rows = [
        (
            shown_name(label),
            f"{entry.scores.distinct_2:.3f}",
            f"{entry.scores.self_bleu:.1f}",
            percent(entry.scores.copied.copied),
            str(entry.scores.copied.longest),
        )
        for label, entry in evaluation.entries.items()
    ]
    runs = f"{COPIED_RUN}+ words of training copy, % (95 %)"
    head = ("", "distinct-2", "self-BLEU", runs, "longest run")
    return Slide("Variety, and copying", _table(head, rows))


def _plot(title: str, png: bytes) -> Slide:
    data = base64.b64encode(png).decode()
    return Slide(title, f'<img alt="Plot: {escape(title)}" src="data:image/png;base64,{data}">')


def _samples(evaluation: Evaluation) -> Iterable[Slide]:
    """Samples chosen by rule, and the last generator's copy that fails most checks."""
    last = list(evaluation.entries)[-1]
    rule = "<p>Picked by rule: of each type the rows whose briefs' hashes are lowest.</p>"
    chosen = evaluation.chosen[len(evaluation.chosen) // 2 :][:2]
    if chosen:
        yield Slide("Sample copy", "".join(_sample(one, last) for one in chosen) + rule)
    if worst := evaluation.worst.get(last):
        yield Slide(f"Copy of {last} that fails most checks", _sample(worst[0], last))


def _sample(sample: Sample, label: str) -> str:
    """A brief with the copy of one label beside the deck's own, and the checks that each fails."""
    rows = [
        (
            shown_name(one),
            sample.copies[one] or "(nothing)",
            ", ".join(sample.failed[one]).replace("_", " "),
        )
        for one in dict.fromkeys((DECK, label))
        if one in sample.copies
    ]
    return f"<p><b>{escape(brief_line(sample.brief))}</b></p>" + _table(("", "copy", "fails"), rows)


def _judged(judgement: Judgement) -> Slide:
    first, second = judgement.labels
    alpha = NOT_DEFINED if judgement.alpha is None else f"{judgement.alpha:.2f}"
    p = NOT_DEFINED if judgement.tally.p is None else f"{judgement.tally.p:.3f}"
    rows = [
        ("rows, raters", f"{judgement.rows}, {len(judgement.answers)}"),
        (f"{first} wins", str(judgement.tally.first)),
        (f"{second} wins", str(judgement.tally.second)),
        ("neither", str(judgement.tally.ties)),
        (f"win rate of {first} (95 %)", f"{percent(judgement.tally.win_rate)} %"),
        ("sign test p", p),
        (f"Krippendorff's alpha ({judgement.alpha_level})", alpha),
    ]
    return Slide("What people say, blindly", _table((), rows))


def _bias(bias: Bias) -> Slide:
    rows = [
        (
            label,
            name,
            f"{one.first.mean:.2f}",
            f"{one.second.mean:.2f}",
            NOT_DEFINED if one.q is None else f"{one.q:.3f}",
        )
        for label, axes in bias.generators.items()
        for name, one in axes[EVERY].items()
        if name in _TRAITS
    ]
    head = ("", "per copy", "first group", "second group", "q")
    caught, alarms = bias.filter.caught, bias.filter.false_alarms
    said = (
        f"{bias.pairs} pairs of briefs that differ in one group. The safety filter stops "
        f"{percent(caught)} % of {caught.rows} harmful lines and {percent(alarms)} % of "
        f"{alarms.rows} harmless ones."
    )
    return Slide("Groups of people, and harm", f"{_table(head, rows)}<p>{said}</p>")


def _limits(evaluation: Evaluation) -> Slide:
    said = [
        "Checks find what a program can find: copy that passes may still be dull or odd.",
        "There is one reference for a brief and many good ways to write.",
        f"Intervals come from {evaluation.rows} rows; times from one machine.",
    ]
    if DECK in evaluation.entries:
        said.append("The deck's own copy is the yardstick, and the checks were tuned on that deck.")
    return Slide("Limits", "<ul>" + "".join(f"<li>{text}</li>" for text in said) + "</ul>")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
