"""Which words fit copy for anything: a deck tells, a student's directory and a release carry it."""

from pathlib import Path

from finetune.deck import Row
from finetune.general_words import FILE, LEAST, general_words, read_general_words
from tinycopy.brief import Brief, CopyType


def row(product: int, copy: str, feature: str = "glazed") -> Row:
    name = f"Ivo {product}"
    brief = Brief(type=CopyType.SLOGAN, product=name, features=(feature,))
    return Row(brief=brief, copy=copy, group=name)


def test_a_word_is_general_once_enough_products_have_it_without_being_asked() -> None:
    rows = [row(i, "Homes, glazed, with torque") for i in range(LEAST - 1)]
    assert general_words(rows) == ()
    rows += [row(0, "Homes with a torque")]
    assert general_words(rows) == (), "the same product again"
    rows += [row(LEAST, "At home with it, glazing")]
    assert general_words(rows) == ("hom", "with")


def test_a_students_directory_may_have_none(tmp_path: Path) -> None:
    assert read_general_words(tmp_path) == ()
    (tmp_path / FILE).write_text("home\nday\n")
    assert read_general_words(tmp_path) == ("home", "day")
