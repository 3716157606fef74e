"""The teacher labels briefs; only copy that passes the checks and is its own is kept."""

from pathlib import Path

import msgspec
import pytest

from distill.briefs import new_briefs
from distill.label import Labelled, LabelSettings, label, read_labels
from finetune.chosen import choose
from finetune.deck import Row, read_shipped
from finetune.stage import StageError, read_metadata
from finetune.teacher import TeacherSettings, finetune
from tests.tiny_models import (
    deck_rows,
    make_causal,
    make_seq2seq,
    run_with_torchrun,
    write_deck,
    write_recipe,
)
from tests.tiny_release import make_release
from tinycopy.brief import CopyType, Length, Tone
from tinycopy.checks import run_checks
from tinycopy.release import EMBEDDED, embedded

SLOGANS = [row for row in deck_rows(400) if row.brief.type is CopyType.SLOGAN][:2]
SETTINGS = LabelSettings(
    briefs=0, candidates=8, keep=2, temperature=0.8, batch_size=2, compute_type="float32"
)


@pytest.fixture(scope="module", params=["causal", "seq2seq"])
def teacher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny teacher that knows two slogans by heart."""
    directory = tmp_path_factory.mktemp(request.param)
    make = make_causal if request.param == "causal" else make_seq2seq
    settings = TeacherSettings(
        base=str(make(directory / "base", SLOGANS)),
        max_steps=150,
        batch_size=2,
        eval_steps=150,
        learning_rate=1e-2,
        bf16=False,
    )
    finetune(settings, SLOGANS, SLOGANS, directory / "teacher", inputs={})
    return directory / "teacher"


def test_what_is_kept_passes_the_checks_and_what_is_dropped_is_counted(
    teacher: Path, tmp_path: Path
) -> None:
    metadata = label(SETTINGS, teacher, SLOGANS, tmp_path / "labels", inputs={})
    labelled = list(read_labels(tmp_path / "labels"))
    assert {row.brief for row in labelled} == {row.brief for row in SLOGANS}
    for row in labelled:
        for kept in row.labels:
            assert all(run_checks(kept.fits or row.brief, kept.copy).values())
            assert kept.score < 0
        assert len(row.labels) + sum(row.drops.values()) == SETTINGS.candidates
    if "causal" in str(teacher):  # which, of the two, knows its slogans by heart
        assert metadata.metrics["labels"] >= 1
    assert metadata.metrics["labels"] == sum(len(row.labels) for row in labelled)
    assert not (tmp_path / "labels" / "ctranslate2").exists()


def test_a_release_labels_with_the_copy_that_it_would_answer_with(tmp_path: Path) -> None:
    rows = choose(read_shipped("valid"), 10)
    settings = LabelSettings(briefs=5, candidates=6, keep=1, temperature=0.8, batch_size=3)
    metadata = label(settings, EMBEDDED, rows, tmp_path / "labels", inputs={})
    assert metadata.inputs["teacher"] == embedded(EMBEDDED).digest
    labelled = list(read_labels(tmp_path / "labels"))
    assert len(labelled) == 15
    for row in labelled:
        for kept in row.labels:
            assert all(run_checks(kept.fits or row.brief, kept.copy).values())
        # More where the first batch gave nothing that passes, or copy is long.
        assert len(row.labels) + sum(row.drops.values()) >= 6
    assert metadata.metrics["labels"] >= 10


def test_a_broken_release_is_refused_as_a_labeller(tmp_path: Path) -> None:
    make_release(tmp_path / "release")
    (tmp_path / "release" / "model.bin").write_bytes(b"cut")
    with pytest.raises(StageError, match=r"release .*model\.bin"):
        label(SETTINGS, tmp_path / "release", SLOGANS, tmp_path / "labels", inputs={})


def test_an_interrupted_run_goes_on_where_it_stopped(teacher: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    label(SETTINGS, teacher, SLOGANS, whole, inputs={})
    [shard] = whole.glob("labels-*.jsonl")
    first, second = shard.read_bytes().splitlines(keepends=True)
    partial = tmp_path / ".again.partial"
    partial.mkdir()
    (partial / "fingerprint").write_text(read_metadata(whole).fingerprint)
    (partial / shard.name).write_bytes(first + second[: len(second) // 2])
    label(SETTINGS, teacher, SLOGANS, tmp_path / "again", inputs={}, resume=True)
    lines = (tmp_path / "again" / shard.name).read_bytes().splitlines(keepends=True)
    assert lines[0] == first
    briefs = [msgspec.json.decode(line, type=Labelled).brief for line in (second, lines[1])]
    assert briefs[0] == briefs[1]
    assert len(lines) == 2


def test_under_torchrun_ranks_label_disjoint_shares(tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck.jsonl", 40)
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        labels={"briefs": 6, "candidates": 2, "compute_type": "float32"},
    )
    base = make_causal(tmp_path / "teacher", SLOGANS)
    words = ["-m", "distill.cli", "label", "--recipe", str(recipe), "--teacher", str(base)]
    run_with_torchrun([*words, "--out", str(tmp_path / "labels")])
    shards = sorted((tmp_path / "labels").glob("labels-*-of-00002.jsonl"))
    briefs = [row.brief for row in read_labels(tmp_path / "labels")]
    assert len(shards) == 2
    assert len(briefs) == len(set(briefs)) > 30
    assert read_metadata(tmp_path / "labels").metrics["briefs"] == len(briefs)


def test_a_malformed_shard_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "labels-00000-of-00001.jsonl").write_text('{"brief": 1}\n')
    with pytest.raises(StageError, match=r"labels-00000-of-00001\.jsonl:1"):
        list(read_labels(tmp_path))
    with pytest.raises(StageError, match="no labels"):
        list(read_labels(tmp_path / "nowhere"))


class TestNewBriefs:
    """Briefs recombined from a deck."""

    rows: list[Row] = choose(read_shipped("train"), 600)

    def test_they_are_new_and_different_and_the_same_for_the_same_seed(self) -> None:
        briefs = new_briefs(self.rows, 500, seed=1)
        assert len(set(briefs)) == 500
        assert not set(briefs) & {row.brief for row in self.rows}
        assert briefs == new_briefs(self.rows, 500, seed=1)
        assert briefs != new_briefs(self.rows, 500, seed=2)

    def test_they_are_even_over_types_tones_and_lengths(self) -> None:
        briefs = new_briefs(self.rows, 600, seed=1)
        for values, field in ((CopyType, "type"), (Tone, "tone"), (Length, "length")):
            counts = [sum(getattr(b, field) == v for b in briefs) for v in values]
            assert min(counts) > 0.9 * max(counts), field

    def test_keywords_stand_in_the_brief_so_that_copy_can_have_them(self) -> None:
        for brief in new_briefs(self.rows, 500, seed=1):
            said = " ; ".join([*brief.features, brief.category or "", brief.prompt or ""])
            for keyword in brief.keywords:
                assert keyword in said or brief.category is None

    def test_some_are_prompts_and_some_lack_a_category(self) -> None:
        briefs = new_briefs(self.rows, 500, seed=1)
        assert 0.05 < sum(b.prompt is not None for b in briefs) / len(briefs) < 0.4
        products = [b for b in briefs if b.product]
        assert 0.1 < sum(b.category is None for b in products) / len(products) < 0.5

    def test_a_deck_of_one_row_gives_what_it_can(self) -> None:
        briefs = new_briefs(self.rows[:1], 50, seed=1)
        assert len(set(briefs)) == len(briefs) > 10
