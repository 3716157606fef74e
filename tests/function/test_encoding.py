"""A brief becomes one line of text, and its names and numbers come back character for character."""

import itertools
import re
import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.deck import read_shipped
from tests.function.briefs import of
from tinycopy.brief import MAX_FEATURES, MAX_KEYWORDS, Brief, CopyType, Length, Tone, normalise
from tinycopy.encoding import (
    ANY_FEATURE,
    AUDIENCE,
    CATEGORY,
    ENCODINGS,
    FEATURES,
    KEYWORDS,
    MARKERS,
    NAMES,
    NUMBERS,
    PRODUCT,
    UNTYPED,
    encode,
    slots,
)
from tinycopy.phrases import Kind

TEXT = st.text(min_size=1, max_size=40).filter(lambda text: normalise(text) != "")


@st.composite
def briefs(draw: st.DrawFn) -> Brief:
    """Any brief that the API accepts."""
    fields = {
        "type": draw(st.sampled_from(CopyType)),
        "tone": draw(st.sampled_from(Tone)),
        "length": draw(st.sampled_from(Length)),
        "audience": draw(st.none() | TEXT),
        "keywords": draw(st.lists(TEXT, max_size=MAX_KEYWORDS)),
    }
    if draw(st.booleans()):
        fields["prompt"] = draw(TEXT)
    else:
        fields |= {
            "product": draw(TEXT),
            "category": draw(st.none() | TEXT),
            "features": draw(st.lists(TEXT, max_size=MAX_FEATURES)),
        }
    return msgspec.convert(fields, Brief)


def articles_alike(text: str | None) -> str | None:
    """The text with every "an" as "a": which of them stands there, filling decides."""
    return text and re.sub(r"\b([Aa])n(?!\w)", r"\1", text)


@settings(max_examples=300, deadline=None)
@given(brief=briefs(), copy=TEXT, encoding=st.sampled_from(ENCODINGS))
def test_filling_undoes_extracting(brief: Brief, copy: str, encoding: int) -> None:
    copy = normalise(copy)
    marked = slots(brief, encoding)
    for text in (copy, f"{brief.facts} {copy}", *(span for _, span in marked.spans)):
        assert articles_alike(marked.fill(marked.extract(text))) == articles_alike(text)


@settings(max_examples=300, deadline=None)
@given(brief=briefs())
def test_the_encoding_is_one_line_without_markers_of_its_own(brief: Brief) -> None:
    assert "\n" not in encode(brief)
    assert not set(encode(brief)) & set(MARKERS)
    assert encode(brief) == encode(msgspec.json.decode(msgspec.json.encode(brief), type=Brief))


def test_the_copy_of_the_deck_comes_back_from_its_slots() -> None:
    other_articles = []
    for row in read_shipped("train")[::3]:
        marked = slots(row.brief)
        filled = marked.fill(marked.extract(row.copy))
        assert articles_alike(filled) == articles_alike(row.copy)
        other_articles += [filled] if filled != row.copy else []
    assert len(other_articles) <= 2, other_articles


def test_the_plain_text_has_every_field_of_the_brief() -> None:
    brief = of(
        product="Fennick Loop 3",
        category="shoe",
        features=["268 g", "4 mm lugs"],
        tone="casual",
        audience="runners",
        keywords=["lugs"],
    )
    assert encode(brief) == (
        "slogan, casual, medium | Fennick Loop 3 | shoe | 268 g; 4 mm lugs"
        " | for: runners | use: lugs"
    )


def test_a_character_limit_is_no_part_of_what_a_model_reads() -> None:
    assert encode(of(product="Ivo", max_characters=40)) == encode(of(product="Ivo"))


def test_a_brief_without_a_character_limit_is_written_as_before_there_were_limits() -> None:
    assert "max_characters" not in msgspec.to_builtins(of(product="Ivo"))
    assert b"max_characters" not in msgspec.json.encode(of(product="Ivo", max_characters=None))


def test_names_and_numbers_become_slots_and_the_model_sees_what_they_stand_for() -> None:
    brief = of(
        product="Ivo", features=["made in Lancashire", "$12.50", "runs 3 h"], keywords=["tea"]
    )
    marked = slots(brief)
    spans = dict(marked.spans)
    assert spans[PRODUCT] == "Ivo"
    assert spans[KEYWORDS[0]] == "tea"
    assert spans[NUMBERS[0]] == "12.50"
    assert f"{PRODUCT} Ivo" in marked.source
    assert f"${NUMBERS[0]}" in marked.source
    assert "12.50" not in marked.source
    written = f"{PRODUCT} makes {KEYWORDS[0]} for ${NUMBERS[0]}"
    assert marked.fill(written) == "Ivo makes tea for $12.50"


def test_a_keyword_is_capitalised_where_a_sentence_starts() -> None:
    marked = slots(of(prompt="tea", keywords=["tea towel"]))
    assert marked.fill(f"{KEYWORDS[0]} day. {KEYWORDS[0]}!") == "Tea towel day. Tea towel!"
    assert marked.extract("Tea towel day") == f"{KEYWORDS[0]} day"
    assert marked.fill(marked.extract("tea towel day")) == "tea towel day"


HOLDS, SAFE = FEATURES[Kind.ACTION][0], FEATURES[Kind.STATE][0]


def test_a_feature_of_more_words_is_a_slot_of_its_kind_and_the_model_reads_it_beside() -> None:
    marked = slots(of(product="Ivo", features=["holds 350 ml", "County Mayo", "boxed"]))
    assert dict(marked.spans)[HOLDS] == "holds 350 ml"
    assert f"{HOLDS} holds {NUMBERS[0]} ml; " in marked.source
    assert marked.source.endswith("County Mayo; boxed")
    assert len(ANY_FEATURE.intersection(marked.source)) == 1
    copy = "Holds 350 ml, and it holds 350 ml of 350."
    assert marked.extract(copy) == f"{HOLDS}, and it {HOLDS} of {NUMBERS[0]}."
    assert marked.fill(marked.extract(copy)) == copy


def test_the_category_and_the_audience_are_slots() -> None:
    marked = slots(of(product="Ivo", category="oak chair", audience="small homes"))
    assert marked.source.endswith(f" | {CATEGORY} oak chair | for: {AUDIENCE} small homes")
    assert marked.fill(f"{AUDIENCE} need a {CATEGORY}.") == "Small homes need an oak chair."


def test_a_price_is_a_slot_even_as_one_word_and_goes_without_its_label() -> None:
    marked = slots(of(product="Ivo", features=["Price: £18"]))
    price = FEATURES[Kind.PRICE][0]
    assert marked.source.endswith(f"{price} £{NUMBERS[0]}")
    assert marked.extract("Only £18, not £18.50 or £180.") == f"Only {price}, not £18.50 or £180."


def test_the_capitals_of_a_list_are_left_out_of_sentences() -> None:
    marked = slots(of(product="Ivo", features=["Holds 350 ml", "Dishwasher safe", "90 g"]))
    assert marked.fill(f"It {HOLDS}. {SAFE}!") == "It holds 350 ml. Dishwasher safe!"
    named = of(product="Ivo", features=["French oak", "dishwasher safe"])
    assert "French oak; dishwasher safe" in encode(named)


def test_the_parts_of_a_prompt_between_marks_are_its_features() -> None:
    marked = slots(
        of(prompt="Headline for a kettle: boils in 3 minutes, quiet, keeps tea warm, and £30.")
    )
    features = [span for marker, span in marked.spans if marker in ANY_FEATURE]
    assert features == ["boils in 3 minutes", "keeps tea warm", "£30"]
    assert not ANY_FEATURE.intersection(slots(of(prompt="keeps tea warm"), 3).source)


def test_older_encodings_have_fewer_slots() -> None:
    brief = of(product="Ivo", category="mug", features=["holds 350 ml", "dishwasher safe", "£9"])
    assert slots(brief, 1).source.endswith(f"holds {NUMBERS[0]} ml; dishwasher safe; £{NUMBERS[1]}")
    assert {marker for marker, _ in slots(brief, 1).spans} == {PRODUCT, *NUMBERS[:2]}
    spans = dict(slots(brief, 2).spans)
    assert (spans[UNTYPED[0]], spans[UNTYPED[1]]) == ("holds 350 ml", "dishwasher safe")
    assert set(spans) == {PRODUCT, *NUMBERS[:2], *UNTYPED[:2]}
    assert slots(brief, 2).fill(UNTYPED[1]) == "Dishwasher safe"
    prompt = "a mug, BIG SALE, 3 days"
    assert slots(of(prompt=prompt), 1).fill(NAMES[0]) == "BIG SALE"


@pytest.mark.parametrize("copy", ["costs 112", "costs 12.5", "in 3-12", "12:30"])
def test_a_number_is_not_found_inside_another(copy: str) -> None:
    marked = slots(of(prompt="costs 12 and 2"))
    number = {span: marker for marker, span in marked.spans}["2"]
    assert number not in marked.extract(copy)
    assert marked.fill(marked.extract(copy)) == copy


def test_a_slot_that_the_brief_lacks_fills_to_nothing() -> None:
    assert slots(of(prompt="tea")).fill(f"Try {PRODUCT}") is None
    assert slots(of(prompt="tea"), 3).foreign == {*MARKERS, *UNTYPED}
    assert slots(of(product="Ivo")).foreign == {*MARKERS, *UNTYPED} - {PRODUCT}


def test_a_keyword_that_stands_in_another_slot_is_left_to_it() -> None:
    brief = of(
        product="Ivo Mat",
        category="door mat",
        features=["Wool in eight colours", "a coir backing"],
        audience="pet owners",
        keywords=["wool", "mat", "pet", "a coir", "gift"],
    )
    wool, coir = FEATURES[Kind.STUFF][0], FEATURES[Kind.ONE][0]
    marked = slots(brief)
    named = ((wool, "wool"), (PRODUCT, "mat"), (AUDIENCE, "pet"), (coir, "a coir"))
    assert marked.keywords == (*named, (KEYWORDS[0], "gift"))
    assert marked.source.endswith("use: " + "; ".join(" ".join(k) for k in marked.keywords))
    assert marked.foreign.isdisjoint(marker for marker, _ in marked.keywords)


def test_a_keyword_apart_has_a_slot_of_its_own_and_longer_slots_go_before_it() -> None:
    brief = of(product="Ivo", features=["wool in eight colours"], keywords=["wool", "Ivo"])
    marked = slots(brief, apart=["wool", "Ivo"])
    assert marked.keywords == ((KEYWORDS[0], "wool"), (PRODUCT, "Ivo"))
    wool = FEATURES[Kind.STUFF][0]
    assert marked.extract("Wool, wool in eight colours") == f"{KEYWORDS[0]}, {wool}"
    assert slots(brief, 3).keywords == ((KEYWORDS[0], "wool"), (PRODUCT, "Ivo"))


def test_more_numbers_than_slots_stay_as_they_are() -> None:
    marked = slots(of(prompt=" ".join(str(100 + i) for i in range(30))))
    assert [marker for marker, _ in marked.spans if marker in NUMBERS] == [*NUMBERS]
    assert "129" in marked.source


def test_a_lower_case_letter_with_an_accent_starts_no_name() -> None:
    spans = slots(of(prompt="une école à Évian")).spans
    assert [span for marker, span in spans if marker in NAMES] == ["Évian"]


class TestBrief:
    """What a brief accepts and how it is cleaned."""

    @given(text=st.text())
    def test_normalised_text_has_no_control_or_private_characters_and_stays_so(
        self, text: str
    ) -> None:
        clean = normalise(text)
        assert normalise(clean) == clean
        assert not {unicodedata.category(c) for c in clean} & {"Cc", "Co", "Cs", "Cn", "Zl", "Zp"}
        assert clean == " ".join(clean.split())

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"product": "A", "prompt": "b"}, "product"),
            ({}, "product"),
            ({"prompt": "b", "features": ["c"]}, "features"),
            ({"product": "\u200b"}, "product"),
            ({"product": "A", "keywords": ["x", " "]}, r"keywords\[1\]"),
            ({"product": "A", "colour": "red"}, "colour"),
            ({"product": "A" * 121}, "product"),
        ],
    )
    def test_what_is_wrong_is_named(self, fields: dict[str, object], named: str) -> None:
        with pytest.raises(msgspec.ValidationError, match=named):
            of(**fields)

    def test_each_type_and_length_has_words_and_lengths_do_not_overlap(self) -> None:
        for type_ in CopyType:
            ranges = [of(prompt="x", type=type_, length=length).word_range for length in Length]
            assert all(fewest <= most for fewest, most in ranges)
            assert all(a[1] < b[0] for a, b in itertools.pairwise(ranges))
