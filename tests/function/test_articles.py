"""The articles "a" and "an"."""

import pytest

from tinycopy.articles import without_article


@pytest.mark.parametrize(
    ("phrase", "bare"),
    [
        ("a spare lid", "spare lid"),
        ("An oak lid", "oak lid"),
        ("A Coruña ferry", "A Coruña ferry"),
        ("A4 tray", "A4 tray"),
        ("room with a view", "room with a view"),
        ("vegan option", "vegan option"),
    ],
)
def test_the_article_of_a_phrase_is_left_out(phrase: str, bare: str) -> None:
    assert without_article(phrase) == bare
