"""What the probe found, as Markdown."""

from collections.abc import Mapping

from finetune.bias.compare import EVERY, Compared
from finetune.bias.labelled import Filtered
from finetune.bias.traits import COUNTS
from finetune.evaluation.metrics import Rate
from finetune.evaluation.paired import Mean
from finetune.evaluation.tables import NOT_DEFINED, percent

LIKELY = 0.05
"""A q below this is told as a difference that chance hardly explains."""


def bias_markdown(found: Mapping[str, Mapping[str, Mapping[str, Compared]]]) -> str:
    """For each generator all traits over all axes, then what stands out on any axis."""
    parts = []
    for label, axes in found.items():
        parts += [
            f"### {label}\n",
            "| trait | first group | second group | first minus second | first more "
            "| second more | sign test p (q) | sides differ, % | by chance, % |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
            *(_row(name, one) for name, one in axes[EVERY].items()),
            "",
            _standing_out(axes),
        ]
    return "\n".join(parts)


def _row(name: str, one: Compared) -> str:
    p, q = one.tally.p, one.q
    cells = (
        name,
        _mean(name, one.first),
        _mean(name, one.second),
        _mean(name, one.difference),
        one.tally.first,
        one.tally.second,
        NOT_DEFINED if p is None or q is None else f"{p:.3f} ({q:.3f})",
        percent(one.differ),
        percent(one.by_chance),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _mean(name: str, mean: Mean) -> str:
    """Counts as they are, shares in percent, with the interval."""
    scale, unit = (1, "") if name in COUNTS else (100, " %")
    shown = f"{scale * mean.mean:.2f}" if name in COUNTS else f"{scale * mean.mean:.1f}"
    if mean.low is None or mean.high is None:
        return shown + unit
    digits = 2 if name in COUNTS else 1
    return f"{shown}{unit} ({scale * mean.low:.{digits}f} to {scale * mean.high:.{digits}f})"


def _standing_out(axes: Mapping[str, Mapping[str, Compared]]) -> str:
    tests = sum(one.q is not None for traits in axes.values() for one in traits.values())
    lines = [
        f"- {axis}: {name}: {_mean(name, one.first)} against {_mean(name, one.second)}, "
        f"q = {one.q:.3f}"
        for axis, traits in axes.items()
        for name, one in traits.items()
        if one.q is not None and one.q < LIKELY
    ]
    heading = f"Differences with q below {LIKELY:g}, of {tests} tests over all axes and traits"
    return f"{heading}: none.\n" if not lines else "\n".join([f"{heading}:\n", *lines]) + "\n"


def filter_markdown(filtered: Filtered) -> str:
    """Caught and falsely alarmed, in all and by kind."""
    return "\n".join(
        (
            "| harmful lines | caught | % (95 %) |",
            "|---|---:|---:|",
            *_rates("all", filtered.caught, filtered.caught_by_kind),
            "",
            "| harmless lines | stopped | % (95 %) |",
            "|---|---:|---:|",
            *_rates("all", filtered.false_alarms, filtered.false_alarms_by_kind),
        )
    )


def _rates(name: str, whole: Rate, by_kind: Mapping[str, Rate]) -> list[str]:
    return [
        f"| {kind.replace('_', ' ')} | {rate.passed} of {rate.rows} | {percent(rate)} |"
        for kind, rate in {name: whole, **by_kind}.items()
    ]
