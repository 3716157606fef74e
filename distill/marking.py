"""A brief and its copy with slots: what a student reads, and what it is to write.

Not here: their token ids and batches (pairs.py).
"""

from tinycopy.brief import Brief
from tinycopy.encoding import Slots, slots

Pair = tuple[str, str]
"""(source, target): the marked brief, and copy with its spans replaced by slots."""


def marked_for(brief: Brief, copy: str) -> Slots:
    """The slots of a brief from which its copy can be written.

    A keyword is left to the slot that holds it only where the copy has that slot.
    """
    marked = slots(brief)
    target = marked.extract(copy)
    apart = [keyword for marker, keyword in marked.keywords if marker not in target]
    return slots(brief, apart=apart) if apart else marked


def pair(brief: Brief, copy: str) -> Pair:
    """The pair of one brief and its copy."""
    marked = marked_for(brief, copy)
    return marked.source, marked.extract(copy)
