"""An evaluation as plots. Drawn to PNG files, without a display."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from finetune.evaluation.metrics import Rate, Scores
from finetune.evaluation.overlap import COPIED_RUN
from finetune.evaluation.resampling import Interval
from finetune.evaluation.tables import shown_name
from finetune.generators.generate import DECK
from finetune.stage import Metadata
from tinycopy.checks import CHECKS

CHECKS_PLOT = "checks.png"
LATENCY_PLOT = "latency.png"
COPIED_PLOT = "copied.png"

_LONGEST_SHOWN = 24
"""Longer runs share the last bar of the histogram."""
_DECK_COLOUR = "#555555"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, which colour-blind readers can tell apart."""
_MARKERS = "oDs^vP"


def save_plots(scores: Mapping[str, Scores], directory: Path) -> None:
    """checks.png, copied.png and, where a generator tells its time, latency.png."""
    styles = _styles(scores)
    _save(_checks(scores, styles), directory / CHECKS_PLOT)
    _save(_copied(scores, styles), directory / COPIED_PLOT)
    if any(one.ms for one in scores.values()):
        _save(_latency(scores, styles), directory / LATENCY_PLOT)


def slices_png(slices: Mapping[str, Mapping[str, Rate]]) -> bytes:
    """Copy that passes all checks by slice. slices: name of the slice -> label -> rate."""
    labels = list(dict.fromkeys(label for rates in slices.values() for label in rates))
    styles = _styles(dict.fromkeys(labels))
    figure = Figure(figsize=(8.5, 1.4 + 0.3 * len(slices)), layout="constrained")
    axes = figure.add_subplot()
    for k, label in enumerate(labels):
        colour, marker = styles[label]
        places = [row for row, rates in enumerate(slices.values()) if label in rates]
        rates = [rates[label] for rates in slices.values() if label in rates]
        axes.errorbar(
            [100 * rate.share for rate in rates],
            [row - 0.3 + 0.6 * (k + 0.5) / len(labels) for row in places],
            xerr=[[_error(rate)[side][0] for rate in rates] for side in (0, 1)],
            fmt=marker,
            color=colour,
            markersize=5,
            elinewidth=1.3,
            label=shown_name(label),
        )
    axes.set_yticks(range(len(slices)), [name.replace("_", " ") for name in slices])
    axes.set_ylim(len(slices) - 0.5, -0.5)
    axes.set_xlabel("copy that passes all checks, %, 95 % interval")
    _plain(axes)
    figure.legend(loc="outside upper left", ncols=min(4, len(labels)), frameon=False)
    return _png(figure)


def differences_png(apart: Mapping[str, Interval], caption: str) -> bytes:
    """Differences of scores with their intervals beside zero; those of 0 to 1 times a hundred."""
    figure = Figure(figsize=(7.5, 1.2 + 0.4 * len(apart)), layout="constrained")
    axes = figure.add_subplot()
    scales = [100 if name.startswith("distinct") else 1 for name in apart]
    values = [scale * one.value for scale, one in zip(scales, apart.values(), strict=True)]
    low = [scale * (one.value - one.low) for scale, one in zip(scales, apart.values(), strict=True)]
    high = [
        scale * (one.high - one.value) for scale, one in zip(scales, apart.values(), strict=True)
    ]
    rows = range(len(apart))
    axes.errorbar(values, rows, xerr=[low, high], fmt="o", color=_COLOURS[0], capsize=3)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(rows, [f"{n} x 100" if n.startswith("distinct") else n for n in apart])
    axes.set_ylim(len(apart) - 0.5, -0.5)
    axes.set_xlabel(caption)
    _plain(axes)
    return _png(figure)


def learning_png(stages: Sequence[Metadata]) -> bytes | None:
    """Loss in nats a token against steps, a panel for each training that logged any."""
    logs = [(stage, stage.metrics.get("history", [])) for stage in stages]
    logs = [(stage, log) for stage, log in logs if any("loss" in one for one in log)]
    if not logs:
        return None
    figure = Figure(figsize=(4.2 * len(logs), 3.4), layout="constrained")
    panels = figure.subplots(1, len(logs), squeeze=False)[0]
    for axes, (stage, log) in zip(panels, logs, strict=True):
        for k, (key, name) in enumerate((("loss", "training"), ("eval_loss", "validation"))):
            points = [(one["step"], one[key]) for one in log if key in one]
            marker = "o" if key == "eval_loss" else ""
            axes.plot(*zip(*points, strict=True), marker=marker, color=_COLOURS[k], label=name)
        axes.set_title({"finetune": "teacher"}.get(stage.stage, stage.stage), loc="left")
        axes.set_xlabel("steps")
        _plain(axes)
    panels[0].set_ylabel("loss, nats a token")
    panels[0].legend(frameon=False)
    return _png(figure)


def _styles(scores: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each label, the same in every plot."""
    styles = {DECK: (_DECK_COLOUR, "|")}
    for i, label in enumerate(label for label in scores if label != DECK):
        styles[label] = (_COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)])
    return styles


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    # Without the program's version in it, the same scores give the same bytes.
    figure.savefig(path, dpi=150, facecolor="white", metadata={"Software": None})


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, facecolor="white", metadata={"Software": None})
    return content.getvalue()


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#e5e5e5", linewidth=0.8)
    axes.set_axisbelow(True)


def _error(rate: Rate) -> list[list[float]]:
    return [[100 * (rate.share - rate.low)], [100 * (rate.high - rate.share)]]


def _checks(scores: Mapping[str, Scores], styles: Mapping[str, tuple[str, str]]) -> Figure:
    """A row for each check, a point with its interval for each label."""
    names = [c.name for c in CHECKS if any(c.name in one.checks for one in scores.values())]
    figure = Figure(
        figsize=(8.5, 1.6 + (len(names) + 1) * (0.22 + 0.13 * len(scores))), layout="constrained"
    )
    axes = figure.add_subplot()
    step = 0.8 / len(scores)
    for k, (label, one) in enumerate(scores.items()):
        colour, marker = styles[label]
        rates = {"all checks": one.all_checks} | one.checks
        for row, name in enumerate(["all checks", *names]):
            if name in rates and rates[name].rows:
                axes.errorbar(
                    100 * rates[name].share,
                    row - 0.4 + (k + 0.5) * step,
                    xerr=_error(rates[name]),
                    fmt=marker,
                    color=colour,
                    markersize=9 if label == DECK else 5,
                    markeredgewidth=2 if label == DECK else 0,
                    elinewidth=1.4,
                    label=shown_name(label) if row == 0 else None,
                )
    for row in range(0, len(names) + 1, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f6f6f6", zorder=0)
    axes.set_yticks(range(len(names) + 1), ["all checks", *(n.replace("_", " ") for n in names)])
    axes.set_ylim(len(names) + 0.5, -0.5)
    axes.set_xlim(right=101)
    axes.set_xlabel("copy that passes, % of the rows that the check applies to, 95 % interval")
    _plain(axes)
    figure.legend(loc="outside upper left", ncols=min(4, len(scores)), frameon=False)
    return figure


def _latency(scores: Mapping[str, Scores], styles: Mapping[str, tuple[str, str]]) -> Figure:
    """Copy that passes all checks against the median milliseconds of one copy."""
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for label, one in scores.items():
        colour, marker = styles[label]
        share = 100 * one.all_checks.share
        if one.ms is None:
            axes.axhline(
                share, color=colour, linestyle="--", linewidth=1.2, label=shown_name(label)
            )
            continue
        axes.errorbar(
            one.ms.median,
            share,
            yerr=_error(one.all_checks),
            xerr=[[0.0], [max(0.0, one.ms.p95 - one.ms.median)]],
            fmt=marker,
            color=colour,
            markersize=8,
            elinewidth=1.4,
            capsize=3,
            label=f"{shown_name(label)}: {one.ms.median:,.0f} ms",
        )
    axes.set_xscale("log")
    axes.set_ylim(0, 103)
    axes.set_xlabel("milliseconds per copy: median, whisker to the 95th percentile (log scale)")
    axes.set_ylabel("copy that passes all checks, %")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    _plain(axes)
    figure.legend(loc="outside upper left", ncols=min(3, len(scores)), frameon=False)
    return figure


def _copied(scores: Mapping[str, Scores], styles: Mapping[str, tuple[str, str]]) -> Figure:
    """A histogram of the longest runs shared with training copy, one below another."""
    figure = Figure(figsize=(8, 0.8 + 1.5 * len(scores)), layout="constrained")
    last = _LONGEST_SHOWN
    panels = figure.subplots(len(scores), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (label, one) in zip(panels, scores.items(), strict=True):
        runs: Counter[int] = Counter()
        for length, copies in one.copied.runs.items():
            runs[min(length, last)] += copies
        axes.bar(
            list(runs), [100 * n / one.rows for n in runs.values()], 0.85, color=styles[label][0]
        )
        axes.axvline(COPIED_RUN - 0.5, color="black", linewidth=1, linestyle=":")
        share = 100 * one.copied.copied.share
        axes.set_title(
            f"{shown_name(label)}: {share:.1f} % with {COPIED_RUN} words or more",
            loc="left",
            fontsize=10,
        )
        axes.set_xlim(-0.7, last + 0.7)
        _plain(axes)
    figure.supylabel("copy, %", fontsize=10)
    panels[-1].set_xlabel("longest run of words shared with training copy, brief's own words aside")
    panels[-1].set_xticks(range(0, last + 1, 4), [*map(str, range(0, last, 4)), f"{last} or more"])
    return figure
