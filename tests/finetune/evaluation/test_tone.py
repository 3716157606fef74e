"""The tone classifier, on the shipped deck and on what it cannot learn from."""

import pytest

from finetune.deck import read_shipped
from finetune.evaluation.tone import ToneClassifier
from tinycopy.brief import Brief, CopyType, Tone


@pytest.fixture(scope="module")
def classifier() -> ToneClassifier:
    return ToneClassifier(read_shipped("train")[::4])


def test_it_hears_the_tones_of_held_out_copy_far_above_chance(classifier: ToneClassifier) -> None:
    rows = read_shipped("valid")
    heard = classifier.agrees([row.brief for row in rows], [row.copy for row in rows])
    assert sum(heard) / len(rows) > 0.7


def test_copy_of_another_tone_does_not_agree(classifier: ToneClassifier) -> None:
    loud = "Go on! Grab yours, feel the rush and race the whole wild weekend!"
    briefs = [Brief(type=CopyType.SOCIAL_POST, product="Larkwell", tone=tone) for tone in Tone]
    heard = dict(zip(Tone, classifier.agrees(briefs, [loud] * len(briefs)), strict=True))
    assert heard == {tone: tone is Tone.EXCITING for tone in Tone}


def test_one_tone_is_nothing_to_learn() -> None:
    rows = [row for row in read_shipped("valid") if row.brief.tone is Tone.FORMAL]
    with pytest.raises(ValueError, match="two tones"):
        ToneClassifier(rows)
