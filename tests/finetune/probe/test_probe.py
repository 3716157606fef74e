"""The probe: what it asks, that the deck does not know it, and how copy for it is scored."""

from collections import Counter

import msgspec
import pytest

from finetune.deck import read_shipped
from finetune.duplicates import NearIndex
from finetune.probe.briefs import ALL, FILE, read_probe, score_probe
from finetune.probe.write import lines, write_probe
from finetune.sources import SPLITS
from tinycopy.brief import Brief, CopyType, Length, Tone

PROBE = read_probe()
DECK = [row.brief for split in SPLITS for row in read_shipped(split)]
NEAR = 0.5
"""Stricter than the deck's own splits, which tell products apart at 0.7."""


def near(probe: list[str], deck: list[str]) -> list[tuple[str, list[str]]]:
    """The texts of the probe that are near one of the deck, with those."""
    texts = [*deck, *probe]
    index = NearIndex(texts, NEAR)
    for i in range(len(deck)):
        index.add(i)
    found = [(texts[i], index.near(i)) for i in range(len(deck), len(texts))]
    return [(text, [texts[j] for j in others]) for text, others in found if others]


def distinct(values: list[str | None]) -> list[str]:
    return sorted({value for value in values if value})


def test_the_file_is_what_the_lists_make() -> None:
    assert FILE.read_bytes() == lines(write_probe()), "run: python -m finetune.probe.write"
    assert read_probe() == write_probe()


def test_each_of_the_slices_asks_for_every_type_tone_and_length() -> None:
    assert len(PROBE) >= 300
    slices = Counter(one.slice for one in PROBE)
    assert len(slices) == 13
    assert min(slices.values()) >= 20
    for name in slices:
        briefs = [one.brief for one in PROBE if one.slice == name]
        assert {brief.tone for brief in briefs} == set(Tone)
        if name != "three keywords":
            assert {brief.type for brief in briefs} == set(CopyType)
            assert {brief.length for brief in briefs} == set(Length)
    assert len({msgspec.json.encode(one.brief) for one in PROBE}) == len(PROBE)


def test_no_product_of_the_probe_is_in_the_deck_or_nearly() -> None:
    products = distinct([one.brief.product for one in PROBE])
    assert len(products) > 90
    assert near(products, distinct([brief.product for brief in DECK])) == []
    copy = " ".join(row.copy for split in SPLITS for row in read_shipped(split))
    named = [name for name in products if name in copy]
    assert named == []


def test_no_niche_and_no_prompt_of_the_probe_is_in_the_deck_or_nearly() -> None:
    niches = distinct([one.brief.category for one in PROBE])
    assert len(niches) == 36
    assert near(niches, distinct([brief.category for brief in DECK])) == []
    prompts = distinct([one.brief.prompt for one in PROBE])
    assert near(prompts, distinct([brief.prompt for brief in DECK])) == []


def test_nearness_is_found_where_there_is_any() -> None:
    assert near(["Fennick Loop 4"], distinct([brief.product for brief in DECK])) != []


def test_the_slices_are_what_they_say() -> None:
    of = {
        name: [one.brief for one in PROBE if one.slice == name]
        for name in Counter(one.slice for one in PROBE)
    }
    assert all(len(brief.product or "") >= 50 for brief in of["long name"])
    assert sum(not (brief.product or "").isascii() for brief in of["non-English name"]) >= 20
    assert {len(brief.features) for brief in of["six features"]} == {6}
    assert {len(brief.features) for brief in of["one feature"]} == {1}
    assert all(brief.features[-1].startswith("price: ") for brief in of["other currency"])
    assert not any(
        sign in str(brief.features[-1]) for brief in of["other currency"] for sign in "£"
    )
    assert {len(brief.keywords) for brief in of["three keywords"]} == {3}
    assert all(brief.prompt for brief in (*of["free prompt"], *of["prompt with typos"]))


def test_scores_are_by_slice_and_of_all() -> None:
    briefs = [one.brief for one in PROBE]
    scores = score_probe(PROBE, [brief.product or "A sale" for brief in briefs])
    assert next(iter(scores)) == ALL
    assert scores[ALL].rows == len(PROBE) == sum(s.rows for n, s in scores.items() if n != ALL)
    assert scores["long name"].checks["names_product"].share == 1
    assert "names_product" not in scores["free prompt"].checks
    assert scores["three keywords"].checks["has_keywords"].passed == 0
    assert 0 <= scores[ALL].all_checks.low <= scores[ALL].all_checks.share
    with pytest.raises(ValueError, match="argument"):
        score_probe(PROBE, ["one"])


def test_typing_errors_leave_names_and_numbers_whole() -> None:
    typed = [one.brief for one in PROBE if one.slice == "prompt with typos"]
    text = " ".join(brief.prompt or "" for brief in typed)
    for whole in ("Fellhaven", "Camber Shallows", "Inkwell Ferry", "1940", "6am", "25 year"):
        assert whole in text
    assert "postcards made from seaweed paper by" not in text
    assert Brief(type=CopyType.SLOGAN, prompt=typed[0].prompt).prompt == typed[0].prompt
