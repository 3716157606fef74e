"""What a student learns from: a vocabulary that loses nothing, pairs with slots, fair batches."""

from pathlib import Path

import msgspec
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.label import Label, Labelled
from distill.marking import pair
from distill.pairs import TokenBatches, collate, encode_pairs, labels_written
from distill.vocabulary import END, PAD, train_vocabulary
from finetune.deck import read_shipped
from finetune.teacher import IGNORED
from tinycopy.brief import Brief
from tinycopy.encoding import CATEGORY, FEATURES, KEYWORDS, MARKERS, PRODUCT
from tinycopy.phrases import Kind

ROWS = read_shipped("train")[:60]
PAIRS = [pair(row.brief, row.copy) for row in ROWS]


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    model = train_vocabulary((text for p in PAIRS for text in p), 800)
    return sentencepiece.SentencePieceProcessor(model_proto=model)


class TestVocabulary:
    """SentencePiece, trained on what the student reads and writes."""

    @settings(max_examples=200, deadline=None)
    @given(text=st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])))
    def test_any_text_comes_back_from_its_tokens(
        self, vocabulary: sentencepiece.SentencePieceProcessor, text: str
    ) -> None:
        text = text.replace("\u2581", "")
        assert vocabulary.decode(vocabulary.encode(text)) == text

    def test_a_slot_is_one_piece_with_or_without_a_space(
        self, vocabulary: sentencepiece.SentencePieceProcessor
    ) -> None:
        for marker in MARKERS:
            assert vocabulary.encode(f"{marker}", out_type=str) == [f"\u2581{marker}"]
            assert vocabulary.encode(f"for {marker}.", out_type=str)[-2] == f"\u2581{marker}"
            assert marker in vocabulary.encode(f"${marker}", out_type=str)

    def test_special_tokens_have_the_ids_that_the_function_expects(
        self, vocabulary: sentencepiece.SentencePieceProcessor
    ) -> None:
        assert (vocabulary.pad_id(), vocabulary.eos_id(), vocabulary.unk_id()) == (0, 1, 2)

    def test_too_small_a_vocabulary_is_refused(self) -> None:
        with pytest.raises(ValueError, match="vocabulary of 100"):
            train_vocabulary(["a b c"], 100)


class TestBatches:
    """Length-bucketed batches by tokens."""

    def test_each_example_is_in_one_batch_and_no_batch_is_too_large(
        self, vocabulary: sentencepiece.SentencePieceProcessor
    ) -> None:
        examples = encode_pairs(PAIRS, vocabulary, 320)
        batches = list(TokenBatches(examples, 1500, seed=1))
        assert sorted(i for batch in batches for i in batch) == list(range(len(examples)))
        for batch in batches:
            tensors = collate([examples[i] for i in batch])
            padded = tensors["input_ids"].numel() + tensors["labels"].numel()
            assert padded <= 1500 or len(batch) == 1

    def test_an_epoch_has_its_own_order_and_always_the_same(
        self, vocabulary: sentencepiece.SentencePieceProcessor
    ) -> None:
        examples = encode_pairs(PAIRS, vocabulary, 320)
        first, again = TokenBatches(examples, 1500, seed=1), TokenBatches(examples, 1500, seed=1)
        assert list(first) == list(again)
        again.set_epoch(1)
        assert list(first) != list(again)

    def test_the_decoder_reads_what_it_should_have_written_so_far(self) -> None:
        batch = collate(
            [{"input_ids": [5, END], "labels": [7, 8, END]}, {"input_ids": [6], "labels": [END]}]
        )
        assert batch["decoder_input_ids"].tolist() == [[PAD, 7, 8], [PAD, PAD, PAD]]
        assert batch["labels"].tolist() == [[7, 8, END], [END, IGNORED, IGNORED]]
        assert batch["attention_mask"].tolist() == [[1, 1], [1, 0]]


def test_pairs_longer_than_the_limit_are_left_out(
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> None:
    examples = encode_pairs([("a " * 50, "b"), ("a", "b")], vocabulary, 20)
    assert len(examples) == 1


def write_labels(directory: Path, *labelled: tuple[Brief, list[Label]]) -> None:
    rows = [Labelled(brief, tuple(labels), {}) for brief, labels in labelled]
    lines = [msgspec.json.encode(row) + b"\n" for row in rows]
    (directory / "labels-00000-of-00001.jsonl").write_bytes(b"".join(lines))


def test_labels_become_pairs_with_slots(tmp_path: Path) -> None:
    row = next(row for row in ROWS if row.brief.product and row.brief.product in row.copy)
    write_labels(tmp_path, (row.brief, [Label(row.copy, -1.0)]))
    [(source, target)] = [pair(*one) for one in labels_written(tmp_path)]
    assert PRODUCT in source
    assert PRODUCT in target
    assert str(row.brief.product) in source


def test_a_keyword_is_left_to_the_slot_that_holds_it_where_the_copy_has_that_slot() -> None:
    brief = msgspec.convert(
        {
            "type": "slogan",
            "product": "Ivo",
            "category": "wool rug",
            "features": ["felt of merino wool"],
            "keywords": ["wool", "rug"],
        },
        Brief,
    )
    felt = FEATURES[Kind.STUFF][0]
    source, target = pair(brief, "Ivo, a wool rug with felt of merino wool")
    assert source.endswith(f"use: {CATEGORY} wool; {CATEGORY} rug")
    assert target == f"{PRODUCT}, a {CATEGORY} with {felt}"
    source, target = pair(brief, "A rug of felt of merino wool")
    assert source.endswith(f"use: {KEYWORDS[0]} wool; {KEYWORDS[1]} rug")
    assert target == f"A {KEYWORDS[1]} of {felt}"


def test_a_share_of_the_labels_is_the_likeliest_of_each_type(tmp_path: Path) -> None:
    slogan = msgspec.convert({"type": "slogan", "length": "short", "prompt": "tea"}, Brief)
    subject = msgspec.convert({"type": "email_subject", "length": "short", "prompt": "tea"}, Brief)
    slogans = ["Tea, at last.", "Sit and sip.", "The quiet cup.", "Leaves that last."]
    labels = [Label(copy, -place) for place, copy in enumerate(slogans)]
    write_labels(tmp_path, (slogan, labels), (subject, [Label("Your tea is here", -9.0)]))
    likeliest = [*((slogan, copy) for copy in slogans[:2]), (subject, "Your tea is here")]
    assert labels_written(tmp_path, 0.5) == likeliest
    assert len(labels_written(tmp_path)) == 5


def test_labels_that_fail_a_check_of_today_are_left_out(tmp_path: Path) -> None:
    brief = msgspec.convert({"type": "slogan", "length": "short", "prompt": "tea"}, Brief)
    write_labels(tmp_path, (brief, [Label("Tea tea tea.", -1.0), Label("Sit and sip.", -2.0)]))
    assert labels_written(tmp_path) == [(brief, "Sit and sip.")]
