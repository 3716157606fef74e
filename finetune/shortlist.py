"""The pieces that a student's training copy has most often: its release samples from few others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

FILE = "shortlist.txt"
"""Where a student's directory has them, one in a line, the most frequent first."""


def most_used(targets: Iterable[Sequence[int]], pieces: Sequence[str], size: int) -> list[str]:
    """The `size` pieces that copy, given as token ids, has most often; fewer if it has fewer."""
    counts: Counter[int] = Counter()
    for target in targets:
        counts.update(target)
    return [pieces[token] for token, _ in counts.most_common(size)]


def read_shortlist(student: Path) -> tuple[str, ...]:
    """The pieces in a student's directory; none, which means all, if it says nothing."""
    path = student / FILE
    return tuple(path.read_text(encoding="utf-8").split("\n")[:-1]) if path.exists() else ()
