"""A student learns from deck and labels; its vocabulary loses nothing; its batches are fair."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sentencepiece
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill import student_data as room
from distill.cli import main
from distill.label import Label, Labelled
from distill.pairs import (
    Example,
    Pair,
    TokenBatches,
    collate,
    encode_pairs,
    labels_written,
    pair,
)
from distill.student import StudentSettings, load_student, train_student
from distill.vocabulary import END, PAD, train_vocabulary
from finetune.deck import Row, read_shipped
from finetune.generators.student import TorchStudent
from finetune.stage import StageError, read_metadata
from finetune.teacher import IGNORED
from tests.tiny_models import (
    assert_a_kill_changes_nothing,
    run_with_torchrun,
    write_deck,
    write_recipe,
)
from tinycopy.brief import Brief
from tinycopy.encoding import MARKERS, PRODUCT

ROWS = read_shipped("train")[:60]
PAIRS = [pair(row.brief, row.copy) for row in ROWS]
SETTINGS = StudentSettings(
    vocabulary=800,
    width=32,
    feed_forward=64,
    heads=2,
    encoder_layers=2,
    decoder_layers=1,
    warmup=2,
    steps=8,
    batch_tokens=1500,
    eval_steps=4,
    eval_rows=4,
    average=2,
    patience=9,
)


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    model = train_vocabulary((text for p in PAIRS for text in p), 800)
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def changed(**changes: object) -> StudentSettings:
    return msgspec.structs.replace(SETTINGS, **changes)


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


def test_a_student_learns_its_deck(tmp_path: Path) -> None:
    longer = changed(steps=200, eval_steps=200, label_smoothing=0.0)
    metadata = train_student(longer, ROWS, ROWS[:4], None, tmp_path / "student", inputs={})
    losses = [entry["loss"] for entry in metadata.metrics["history"] if "loss" in entry]
    assert losses[-1] < 0.9 * losses[0]
    model, vocabulary = load_student(tmp_path / "student")
    assert model.config.vocab_size == vocabulary.vocab_size()
    assert metadata.metrics["pairs"] == len(ROWS)
    assert not (tmp_path / "student" / "checkpoints").exists()


def test_a_student_learns_from_the_distribution_of_its_guide_alone(tmp_path: Path) -> None:
    train_student(changed(steps=100), ROWS, ROWS[:2], None, tmp_path / "guide", inputs={})
    guided = changed(logits_from=str(tmp_path / "guide"), logits_weight=1.0, seed=2)
    for steps in (1, 100):
        settings = msgspec.structs.replace(guided, steps=steps)
        train_student(settings, ROWS, ROWS[:2], None, tmp_path / str(steps), inputs={})
    batch = collate(encode_pairs(PAIRS[:8], load_student(tmp_path / "guide")[1], 320))
    with torch.no_grad():
        logits = {
            name: load_student(tmp_path / name)[0](**batch).logits.log_softmax(-1)
            for name in ("guide", "1", "100")
        }
    divergence = {
        name: torch.nn.functional.kl_div(
            logits[name], logits["guide"], log_target=True, reduction="batchmean"
        ).item()
        for name in ("1", "100")
    }
    assert divergence["100"] < 0.8 * divergence["1"]


def test_a_guide_with_another_vocabulary_is_refused(tmp_path: Path) -> None:
    train_student(changed(vocabulary=700), ROWS, ROWS[:2], None, tmp_path / "guide", inputs={})
    with pytest.raises(StageError, match="another vocabulary"):
        train_student(
            changed(logits_from=str(tmp_path / "guide")),
            ROWS,
            ROWS[:2],
            None,
            tmp_path / "student",
            inputs={},
        )


def test_a_brief_that_is_seen_again_has_its_features_in_another_order() -> None:
    features = tuple(f"feature number {i}" for i in range(6))
    brief = Brief(type="slogan", product="Zappo", features=features)
    first, second, third = (room.reordered(brief, time) for time in range(3))
    assert first == brief
    assert len({first.features, second.features, third.features}) == 3
    assert sorted(second.features) == sorted(features)
    assert room.reordered(brief, 1) == second
    prompt = Brief(type="slogan", prompt="something for Zappo")
    assert room.reordered(prompt, 1) == prompt


def test_pairs_are_encoded_once_for_all_runs_that_read_them_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(pairs: list[Pair], *how: Any) -> list[Example]:
        if len(pairs) > 1:  # the one validation row is encoded by every run
            made.append(len(pairs))
        return encode_pairs(pairs, *how)

    monkeypatch.setattr(room, "encode_pairs", counted)
    labels = tmp_path / "labels"
    labels.mkdir()

    def write_labels(count: int) -> None:
        rows = [Labelled(row.brief, (Label(row.copy, -1.0),), {}) for row in ROWS[:count]]
        lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        (labels / "labels-00000-of-00001.jsonl").write_bytes(lines)

    def run(out: str, rows: list[Row], **changes: object) -> list[int]:
        made.clear()
        few = changed(steps=1, eval_steps=1, eval_rows=1, max_tokens=251, **changes)
        train_student(few, rows, ROWS[:1], labels, tmp_path / out, inputs={})
        return made[:]

    write_labels(5)
    assert run("first", ROWS[:30]) == [35]
    assert run("other-seed", ROWS[:30], seed=5) == []
    assert run("other-deck", ROWS[:31]) == [36]
    assert run("other-repeats", ROWS[:30], deck_repeats=2) == [65]
    assert run("other-vocabulary", ROWS[:30], vocabulary=760) == [35]
    write_labels(6)
    assert run("other-labels", ROWS[:30]) == [36]


def recipe_in(directory: Path) -> Path:
    """A recipe with SETTINGS over a deck of 40 rows."""
    deck = write_deck(directory / "deck.jsonl", 40)
    return write_recipe(
        directory / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        student={k: v for k, v in msgspec.to_builtins(SETTINGS).items() if v is not None},
    )


def assert_equal(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, weights in expected.items():
        assert torch.equal(found[name], weights), name


def test_under_torchrun_ranks_train_one_student(tmp_path: Path) -> None:
    recipe, out = recipe_in(tmp_path), tmp_path / "student"
    words = ["-m", "tests.distill.ranks", str(tmp_path), "student", "--recipe", str(recipe)]
    run_with_torchrun([*words, "--out", str(out)])
    for moment in ("trained", "averaged"):
        first, second = (torch.load(tmp_path / f"rank-{rank}-{moment}.pt") for rank in (0, 1))
        assert_equal(first, second)
    model, vocabulary = load_student(out)
    assert_equal(model.state_dict(), first)
    assert model.config.vocab_size == vocabulary.vocab_size()
    assert read_metadata(out).metrics["steps"] == SETTINGS.steps
    # Two processes take two batches a step, so this is not what one process trains.
    assert main(["student", "--recipe", str(recipe), "--out", str(tmp_path / "alone")]) == 0
    with pytest.raises(AssertionError):
        assert_equal(load_student(tmp_path / "alone")[0].state_dict(), first)


def test_averaging_is_no_news_to_callbacks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Early stopping looks for its metric in every evaluation that it hears of."""
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        metadata = train_student(changed(), ROWS, ROWS[:4], None, tmp_path / "s", inputs={})
    finally:
        logger.removeHandler(caplog.handler)
    assert "early stopping" not in caplog.text
    evaluated = [entry["step"] for entry in metadata.metrics["history"] if "eval_loss" in entry]
    assert evaluated == [4, 8]


def test_the_state_with_the_least_loss_on_unseen_copy_is_kept(tmp_path: Path) -> None:
    settings = changed(eval_steps=2)
    metrics = train_student(settings, ROWS, ROWS[:4], None, tmp_path / "s", inputs={}).metrics
    losses = [entry["eval_loss"] for entry in metrics["history"] if "eval_loss" in entry]
    assert metrics["valid_loss_single"] == pytest.approx(min(losses), rel=1e-3)
    assert metrics["valid_loss"] == min(metrics["valid_loss_single"], metrics["valid_loss_mean"])
    found = TorchStudent(tmp_path / "s", batch=2).log_likelihoods(
        [row.brief for row in ROWS[:4]], [row.copy for row in ROWS[:4]]
    )
    nats = -sum(one.sum_logprob for one in found) / sum(one.tokens for one in found)
    assert metrics["valid_loss"] == pytest.approx(nats, rel=1e-3)


def test_part_kill_resume_rest_equals_training_at_once(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    assert_a_kill_changes_nothing("student", recipe, tmp_path)
