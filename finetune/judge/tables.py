"""What raters said, as Markdown."""

from collections.abc import Sequence

from finetune.evaluation.paired import Mean, Tally
from finetune.evaluation.tables import NOT_DEFINED, percent
from finetune.judge.score import Judgement


def judgement_markdown(judgement: Judgement) -> str:
    """Who wins overall and for each rater, how far raters agree, and mean ratings."""
    first, second = judgement.labels
    lines = [
        f"| | {first} wins | {second} wins | neither "
        f"| {first}'s win rate, % (95 %) | sign test p |",
        "|---|---:|---:|---:|---:|---:|",
        _row("all raters, by row", judgement.tally),
        *(_row(f"rater {rater}", tally) for rater, tally in judgement.by_rater.items()),
        "",
        f"{judgement.rows} rows judged by {len(judgement.answers)} raters; "
        f"{judgement.identical} rows left out because both wrote the same copy.",
        "Questions answered: "
        + ", ".join(f"{r} {n} of {judgement.questions}" for r, n in judgement.answers.items())
        + ".",
        "",
        f"Krippendorff's alpha ({judgement.alpha_level}): {_number(judgement.alpha)}.",
    ]
    if judgement.ratings:
        lines += ["", "| | mean rating, 1 to 5 (95 %) |", "|---|---:|"]
        lines += [f"| {_cell(n)} | {interval(m)} |" for n, m in judgement.ratings.items()]
    return "\n".join(lines) + "\n"


def _row(name: str, tally: Tally) -> str:
    cells: Sequence[object] = (
        _cell(name),
        tally.first,
        tally.second,
        tally.ties,
        percent(tally.win_rate),
        _number(tally.p),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _number(value: float | None) -> str:
    return NOT_DEFINED if value is None else f"{value:.3f}"


def interval(mean: Mean) -> str:
    """A mean with its interval: '3.42 (3.10 to 3.74)'."""
    if mean.low is None or mean.high is None:
        return f"{mean.mean:.2f}"
    return f"{mean.mean:.2f} ({mean.low:.2f} to {mean.high:.2f})"
