"""The words that copy for anything has: those of a deck's copies whose briefs do not have them.

A word that many products' copies have without being asked for, such as "home" or "care", fits any
of them; one that few have, such as "torque", fits those few (tinycopy/topic.py).
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from finetune.deck import Row
from tinycopy.topic import roots

FILE = "general_words.txt"
"""Where a student's directory has those of its deck, one in a line."""
LEAST = 50
"""Products whose copies have a general word without its being in their briefs."""


def general_words(rows: Iterable[Row]) -> tuple[str, ...]:
    """The roots of the general words of a deck, in order."""
    found = {(row.group, root) for row in rows for root in roots(row.copy) - roots(row.brief.facts)}
    counts = Counter(root for _, root in found)
    return tuple(sorted(root for root, count in counts.items() if count >= LEAST))


def read_general_words(student: Path) -> tuple[str, ...]:
    """The roots in a student's directory; none if it was trained before there were any."""
    path = student / FILE
    return tuple(path.read_text(encoding="utf-8").split()) if path.exists() else ()
