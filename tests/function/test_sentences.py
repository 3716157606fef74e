"""Long copy, a sentence at a time."""

from collections.abc import Collection, Sequence

import msgspec
import pytest

from tinycopy.brief import Brief, CopyType, Length
from tinycopy.checks import run_checks
from tinycopy.encoding import ANY_FEATURE, KEYWORDS, PRODUCT, slots
from tinycopy.release import EMBEDDED, embedded
from tinycopy.sentences import Sentences, is_long
from tinycopy.student import Student
from tinycopy.topic import roots

BRIEF = Brief(
    type=CopyType.PRODUCT_DESCRIPTION,
    length=Length.MEDIUM,
    product="Sunrise Mug",
    category="travel mug",
    features=("holds 350 ml", "a steel lid", "dishwasher safe"),
    keywords=("coffee",),
)
MARKED = slots(BRIEF)
HOLDS, LID, SAFE = (marker for marker, _ in MARKED.spans if marker in ANY_FEATURE)
COFFEE = KEYWORDS[0]
GENERAL = roots(
    "it is for you, and yours with a travel mug that is on your way to every day of the year"
)


class Scripted:
    """Goes on with the first so many of its sentences that it is allowed to say, each `apart` nats
    likelier than the next; keeps what it was asked."""

    def __init__(self, *sentences: str, apart: float = 2.0) -> None:
        self.sentences, self.apart = sentences, apart
        self.asked: list[tuple[str, frozenset[str]]] = []

    def __call__(
        self, openings: Sequence[Sequence[str]], count: int, limit: int, said: Collection[str]
    ) -> list[list[tuple[list[str], float]]]:
        return [self.following(opening, count, said) for opening in openings]

    def following(
        self, opening: Sequence[str], count: int, said: Collection[str]
    ) -> list[tuple[list[str], float]]:
        self.asked.append(("".join(opening), frozenset(said)))
        allowed = [one for one in self.sentences if not set(one) & set(said)]
        space = " " if opening else ""
        return [
            ([*(space + one[:-1]), one[-1]], -self.apart * self.sentences.index(one))
            for one in allowed[:count]
        ]


def written(*sentences: str, variants: int = 1, brief: Brief = BRIEF) -> list[str]:
    script = Scripted(*sentences)
    writer = Sentences(brief, slots(brief), GENERAL, "".join, script)
    return [draft.text for draft in writer.write((), variants, 12)]


MUG = f"{PRODUCT} is a travel mug that {HOLDS} on your way to every day of the year."
TOPPED = f"It is {SAFE} and it is for your {COFFEE}, with a {LID} for every day of yours."


def test_it_goes_on_until_it_is_long_enough_and_has_its_keywords() -> None:
    assert written(MUG, TOPPED) == [
        "Sunrise Mug is a travel mug that holds 350 ml on your way to every day of the year. It is "
        "dishwasher safe and it is for your coffee, with a steel lid for every day of yours."
    ]
    assert all(run_checks(BRIEF, written(MUG, TOPPED)[0]).values())


def test_what_was_said_is_not_offered_again() -> None:
    script = Scripted(MUG, TOPPED)
    Sentences(BRIEF, MARKED, GENERAL, "".join, script).write((), 1, 12)
    (_, at_first), (opening, then) = script.asked
    assert not at_first
    assert opening == MUG
    assert then == {PRODUCT, HOLDS}


@pytest.mark.parametrize(
    "worse",
    [
        f"{PRODUCT} is a torque of the travel mug that {HOLDS} on your way to every day of it.",
        f"{PRODUCT} is a travel mug with a {HOLDS} on your way to every day of the whole year.",
        "It is for you and your day, and it is for you and the day that you and yours have on it.",
        f"{PRODUCT} is the best travel mug that {HOLDS} on your way to every day of the year.",
        f"{PRODUCT} is a travel mug that {HOLDS} for 99 days, on your way to every day of yours.",
    ],
    ids=["strays", "ungrammatical", "tells nothing", "unsupported claim", "new number"],
)
def test_of_its_next_sentences_the_sound_one_is_taken(worse: str) -> None:
    assert written(worse, MUG, TOPPED) == written(MUG, TOPPED)


def test_what_is_whole_needs_no_sentence_that_tells_nothing() -> None:
    whole = f"{MUG[:-1]} and {TOPPED[:1].lower()}{TOPPED[1:]}"
    assert written(whole, "It is for you and your day.") == written(whole)
    assert len(written(whole)) == 1


@pytest.mark.parametrize(("length", "first"), [(Length.MEDIUM, 0), (Length.LONG, 1)])
def test_facts_are_spread_over_copy_that_is_longer_than_they_need(
    length: Length, first: int
) -> None:
    both = f"{PRODUCT} is a travel mug with a {LID} that {HOLDS} on your way to every day."
    one = f"{PRODUCT} is a travel mug with a {LID} on your way to every day of the year."
    script = Scripted(both, one, apart=0.3)
    brief = msgspec.structs.replace(BRIEF, length=length)
    Sentences(brief, slots(brief), GENERAL, "".join, script).write((), 1, 12)
    assert script.asked[1][0] == (both, one)[first]


def test_copy_that_finds_no_next_sentence_before_it_is_long_enough_is_dropped() -> None:
    assert written(MUG) == []
    assert written() == []
    assert written("It has no end") == []


def test_a_sentence_that_is_too_long_is_not_taken() -> None:
    endless = f"{PRODUCT} is a travel mug that {HOLDS} on your way" + " to every day" * 20 + "."
    assert written(endless, MUG, TOPPED) == written(MUG, TOPPED)


OTHER = f"Yours {HOLDS} and is for you, for it is {PRODUCT}, and that is a travel mug."


def test_variants_start_with_different_sentences() -> None:
    again = MUG.replace("the year", "THE YEAR")
    found = written(MUG, again, TOPPED, OTHER, variants=2)
    assert [text.split(" of")[0] for text in found] == [
        "Sunrise Mug is a travel mug that holds 350 ml on your way to every day",
        "It is dishwasher safe and it is for your coffee, with a steel lid for every day",
    ]


def test_variants_do_not_say_the_same_sentences_in_another_order() -> None:
    first, second = written(MUG, TOPPED, OTHER, variants=2)
    assert second.endswith(" travel mug.") and not first.endswith(" travel mug.")
    assert written(MUG, TOPPED, variants=2) == [first]


def test_variants_go_on_at_once_and_none_says_again_what_another_may_still_say() -> None:
    # After TOPPED only MUG and OTHER are left to say, and after MUG only TOPPED.
    script = Scripted(MUG, TOPPED, OTHER)
    found = Sentences(BRIEF, MARKED, GENERAL, "".join, script).write((), 2, 12)
    assert [said for _, said in script.asked] == [frozenset()] * 3
    assert [[*draft.written].count(HOLDS) for draft in found] == [1, 1]
    assert all(run_checks(BRIEF, draft.text)["not_repetitive"] for draft in found)


def test_a_sentence_starts_as_one() -> None:
    broken = TOPPED.replace("It is", "is")
    assert written(MUG, broken, TOPPED) == written(MUG, TOPPED)


def test_descriptions_and_posts_of_more_than_a_sentence_or_two_are_long() -> None:
    def long(type_: CopyType, length: Length) -> bool:
        return is_long(msgspec.structs.replace(BRIEF, type=type_, length=length))

    for type_ in (CopyType.PRODUCT_DESCRIPTION, CopyType.SOCIAL_POST):
        assert not long(type_, Length.SHORT)
        assert long(type_, Length.MEDIUM)
        assert long(type_, Length.LONG)
    assert not long(CopyType.EMAIL_SUBJECT, Length.LONG)


@pytest.fixture(scope="module")
def student() -> Student:
    return Student.of(embedded(EMBEDDED))


def test_long_copy_of_the_embedded_student_tells_facts_and_repeats_hardly_any(
    student: Student,
) -> None:
    briefs = [msgspec.structs.replace(BRIEF, length=n) for n in (Length.MEDIUM, Length.LONG)]
    found = [
        student.write(brief, 1, seed).variants[0].text.lower()
        for seed in range(6)
        for brief in briefs
    ]
    twice = [text for text in found for feature in BRIEF.features if text.count(feature) > 1]
    told = [text for text in found for feature in ("350 ml", "steel lid") if feature in text]
    assert len(twice) <= 1
    assert len(told) >= 20


def test_a_seed_gives_the_same_long_copy_and_another_other(student: Student) -> None:
    first, again, other = (student.write(BRIEF, 2, seed).variants for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_long_copy_goes_on_from_an_opening(student: Student) -> None:
    found = student.write(BRIEF, 1, 1, opening="Mornings are for").variants[0]
    assert found.text.startswith("Mornings are for ")
