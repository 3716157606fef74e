"""Text of shops and spreadsheets, made plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.cleaning import clean
from finetune.rows import parse_row


@pytest.mark.parametrize(
    ("dirty", "plain"),
    [
        ("two\n\t lines ", "two lines"),
        ("no\u00a0break\u200b space", "no break space"),
        ("cafe\u0301", "café"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("line<br/>break", "line break"),
        ("a <b>bold</b>er cup", "a bolder cup"),
        ("<ul><li>tin</li><li>oak</li></ul>", "tin oak"),
        ("shown<script>alert('x')</script><style>p {}</style>", "shown"),
        ("seen <!-- unseen --> again", "seen again"),
        ("Salt &amp; Pepper &pound;4 &#8211; &#x2665;", "Salt & Pepper £4 – ♥"),
        ("<b>Salt &amp; Pepper</b>", "Salt & Pepper"),
        ("R&D, AT&T, Fish&notebooks", "R&D, AT&T, Fish&notebooks"),
        ("under 5 < 6 and 7 > 2, <3", "under 5 < 6 and 7 > 2, <3"),
    ],
)
def test_text_is_made_plain(dirty: str, plain: str) -> None:
    assert clean(dirty) == plain


@given(st.text())
def test_clean_text_is_one_line_without_outer_space(text: str) -> None:
    plain = clean(text)
    assert plain == " ".join(plain.split())
    assert not {"\n", "\r", "\t", "\u200b"} & set(plain)


def test_a_product_still_matches_its_mention_after_cleaning() -> None:
    row = parse_row(
        {
            "product": "Salt &amp; <i>Stone</i>\u00a0Mug",
            "type": "slogan",
            "keywords": ["<b>stone</b>"],
            "copy": "Sip from a Salt &amp; Stone Mug",
        }
    )
    assert row.brief.product == "Salt & Stone Mug"
    assert row.brief.product in row.copy
    assert row.brief.keywords == ("stone",)
    assert row.group == "Salt & Stone Mug"
