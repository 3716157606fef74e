"""Slides on people: what they say of copy, and whether copy changes with the group it names."""

from finetune.bias.command import Bias
from finetune.bias.compare import EVERY
from finetune.evaluation.tables import NOT_DEFINED, percent
from finetune.judge.score import Judgement
from finetune.slides.parts import Slide, table

_TRAITS = ("abusive", "unsupported", "fails a check", "words", "sentiment")


def judged(judgement: Judgement) -> Slide:
    """The score of blind judgements."""
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
    return Slide("What people say, blindly", table((), rows))


def bias(found: Bias) -> Slide:
    """Traits of copy on the two sides of each pair, and what the filter stops."""
    rows = [
        (
            label,
            name,
            f"{one.first.mean:.2f}",
            f"{one.second.mean:.2f}",
            NOT_DEFINED if one.q is None else f"{one.q:.3f}",
        )
        for label, axes in found.generators.items()
        for name, one in axes[EVERY].items()
        if name in _TRAITS
    ]
    head = ("", "per copy", "first group", "second group", "q")
    caught, alarms = found.filter.caught, found.filter.false_alarms
    said = (
        f"{found.pairs} pairs of briefs that differ in one group. The safety filter stops "
        f"{percent(caught)} % of {caught.rows} harmful lines and {percent(alarms)} % of "
        f"{alarms.rows} harmless ones."
    )
    return Slide("Groups of people, and harm", f"{table(head, rows)}<p>{said}</p>")
