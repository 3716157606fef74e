"""Some rows of a deck that stand for all of them.

Not here: which split they are of (splits.py), which tell most of their brief (grounding.py).
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from finetune.rows import Row
from tinycopy.brief import CopyType
from tinycopy.encoding import encode


def choose(rows: Sequence[Row], limit: int | None) -> list[Row]:
    """At most `limit` rows, each type in its share, in the order of their briefs' hashes.

    The same whatever the order of `rows`, and a smaller limit's rows are among a larger one's.
    """
    by_type: dict[CopyType, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=_hash):
        by_type[row.brief.type].append(row)
    # The k-th of n rows of a type stands at (k + 1/2) / n, so each prefix is spread over types.
    placed = [
        ((k + 0.5) / len(of_type), _hash(row), row)
        for of_type in by_type.values()
        for k, row in enumerate(of_type)
    ]
    return [row for _, _, row in sorted(placed, key=lambda p: p[:2])[:limit]]


def _hash(row: Row) -> tuple[bytes, str]:
    return hashlib.sha256(encode(row.brief).encode()).digest(), row.copy
