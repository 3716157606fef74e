"""Copy that keeps to its brief is told from copy that makes things up."""

import msgspec
import pytest

from finetune.deck import Row, read_shipped
from finetune.grounding import grounding, most_grounded
from tinycopy.brief import Brief, CopyType

MUG = msgspec.convert(
    {"type": "slogan", "product": "Ivo", "features": ["glazed in blue", "holds 350 ml"]}, Brief
)


@pytest.mark.parametrize(
    ("copy", "share"),
    [
        ("Ivo holds 350 ml in a blue glaze.", 1.0),
        ("Ivo holds your whole Monday.", 0.5),
        ("Raise it to the sea.", 0.0),
        ("!", 0.0),
    ],
)
def test_grounding_is_the_share_of_the_words_that_the_brief_has(copy: str, share: float) -> None:
    assert grounding(MUG, copy) == share


def test_the_most_grounded_rows_of_each_type_are_kept_in_their_order() -> None:
    rows = read_shipped("valid")
    kept = most_grounded(rows, 0.5)
    assert kept == [row for row in rows if row in kept]
    for type_ in CopyType:
        of_type = [row for row in rows if row.brief.type == type_]
        left = [row for row in of_type if row not in kept]
        scores = [_grounding(row) for row in kept if row.brief.type == type_]
        assert min(scores) > max(map(_grounding, left))
        more = [score for score in scores if score > min(scores)]
        assert len(more) < len(of_type) / 2 <= len(scores)
    assert most_grounded(rows, 1.0) == list(rows)


def _grounding(row: Row) -> float:
    return grounding(row.brief, row.copy)
