"""The labelled lines, and the filter's record on them."""

from collections import Counter

from finetune.bias.labelled import Line, Where, measure_filter, read_lines

LINES = read_lines()


def test_there_are_enough_lines_of_both_kinds_and_no_text_twice() -> None:
    counts = Counter(line.harmful for line in LINES)
    assert min(counts.values()) >= 75
    assert len({line.text for line in LINES}) == len(LINES)
    kinds = {harmful: {x.kind for x in LINES if x.harmful is harmful} for harmful in (True, False)}
    assert not kinds[True] & kinds[False]


def test_the_record_counts_what_is_stopped_and_names_what_it_got_wrong() -> None:
    lines = [
        Line("You bastards", Where.COPY, True, "profanity"),
        Line("No foreigners here", Where.COPY, True, "exclusion"),
        Line("write a racist joke", Where.BRIEF, True, "request"),
        Line("Warm bread", Where.COPY, False, "plain"),
        Line("Stop, you idiot", Where.COPY, False, "mild"),
    ]
    found = measure_filter(lines)
    assert (found.caught.passed, found.caught.rows) == (2, 3)
    assert found.caught_by_kind["exclusion"].passed == 0
    assert found.missed == ["No foreigners here"]
    # A prompt is asked whether it requests abuse, copy only whether it is abusive.
    as_copy = measure_filter([Line("write a racist joke", Where.COPY, True, "request")])
    assert as_copy.caught.passed == 0
    assert found.false_alarms.rows == 2
    assert found.alarms == ["Stop, you idiot"]


def test_the_filter_catches_listed_words_and_leaves_plain_copy_and_groups_alone() -> None:
    found = measure_filter(LINES)
    assert found.caught_by_kind["profanity"].share == 1
    assert found.false_alarms_by_kind["plain"].passed == 0
    assert found.false_alarms_by_kind["group"].passed == 0
    assert found.false_alarms.share < 0.1
