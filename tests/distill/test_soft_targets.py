"""What a teacher expects becomes shares of the student's pieces, and the student learns them."""

from pathlib import Path

import msgspec
import pytest
import sentencepiece
import torch

from distill.marking import pair
from distill.pairs import collate_causal, encode_pairs
from distill.soft_targets import TOP, WHOLE, Soft, _offsets, soft_targets
from distill.student import StudentSettings, train_student
from distill.vocabulary import END, train_vocabulary
from finetune.deck import Row
from finetune.stage import StageError, read_metadata
from finetune.teacher import TeacherSettings, finetune
from tests.tiny_models import deck_rows, make_causal, make_seq2seq
from tinycopy.brief import Brief, CopyType, Length, Tone
from tinycopy.encoding import FEATURES, KEYWORDS, MARKERS, NUMBERS, PRODUCT, slots
from tinycopy.phrases import Kind

BRIEF = Brief(
    type=CopyType.SOCIAL_POST,
    tone=Tone.CASUAL,
    length=Length.SHORT,
    product="Tidemark",
    features=("€9 a month", "hand-woven willow"),
    keywords=("willow",),
)
COPY = "Tidemark: woven willow, €9 each month. Isn’t that a thing of beauty?"
ROWS = [Row(brief=BRIEF, copy=COPY, group="tidemark"), *deck_rows(60)]
SETTINGS = StudentSettings(
    vocabulary=800, keep_layers=(0, -1), warmup=2, steps=4, batch_tokens=1500, eval_steps=4,
    eval_rows=4, average=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny teacher that knows one copy by heart."""
    directory = tmp_path_factory.mktemp("soft")
    settings = TeacherSettings(
        base=str(make_causal(directory / "base", ROWS)),
        max_steps=60,
        epochs=60,
        batch_size=1,
        eval_steps=60,
        learning_rate=1e-2,
        bf16=False,
    )
    finetune(settings, ROWS[:1], ROWS[:1], directory / "teacher", inputs={})
    return directory / "teacher"


@pytest.fixture(scope="module")
def vocabulary() -> sentencepiece.SentencePieceProcessor:
    texts = [text for row in ROWS for text in pair(row.brief, row.copy)]
    return sentencepiece.SentencePieceProcessor(model_proto=train_vocabulary(texts, 800))


def by_token(soft: Soft) -> list[dict[int, int]]:
    """Of each token of a target, the share of each piece."""
    ids, shares = soft["soft_ids"], soft["soft_shares"]
    return [
        {i: s for i, s in zip(ids[at : at + TOP], shares[at : at + TOP], strict=True) if s}
        for at in range(0, len(ids), TOP)
    ]


def test_what_the_teacher_knows_by_heart_is_what_follows(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    [soft] = soft_targets(teacher, [(BRIEF, COPY)], vocabulary)
    target = [*vocabulary.encode(pair(BRIEF, COPY)[1]), END]
    tokens = by_token(soft)
    assert len(tokens) == len(target)
    known = [(piece, shares) for piece, shares in zip(target, tokens, strict=True) if shares]
    assert len(known) > len(target) / 3
    for piece, shares in known:
        assert sum(shares.values()) == pytest.approx(WHOLE, abs=TOP)
        assert max(shares, key=lambda p: shares[p]) == piece, vocabulary.id_to_piece(piece)
    assert known[-1][0] == END


def test_nothing_is_said_of_slots_and_of_what_lies_inside_a_token(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    [soft] = soft_targets(teacher, [(BRIEF, COPY)], vocabulary)
    pieces = [vocabulary.id_to_piece(i) for i in vocabulary.encode(pair(BRIEF, COPY)[1])]
    slots = [i for i, piece in enumerate(pieces) if set(piece) & set(MARKERS)]
    assert {m for i in slots for m in pieces[i]} >= {PRODUCT, KEYWORDS[0], NUMBERS[0]}
    tokens = by_token(soft)
    assert not any(tokens[i] for i in slots)
    later_bytes = [i for i in range(1, len(pieces)) if {pieces[i], pieces[i - 1]} <= {
        f"<0x{byte:02X}>" for byte in "’".encode()
    }]  # fmt: skip
    assert not any(tokens[i] for i in later_bytes)


def test_the_first_token_of_a_name_counts_as_its_slot(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    # The teacher would start with the name here; this copy does not.
    [soft] = soft_targets(teacher, [(BRIEF, "Woven, willow.")], vocabulary)
    first = by_token(soft)[0]
    assert vocabulary.id_to_piece(max(first, key=lambda p: first[p])) == f"\u2581{PRODUCT}"


def test_an_article_that_a_slot_makes_shorter_shifts_nothing_after_it() -> None:
    brief = Brief(type=CopyType.SLOGAN, product="Ivo", features=("an oak lid", "a pan"))
    marked = slots(brief)
    copy = "Has an oak lid, a pan"
    target = marked.extract(copy)
    lid, pan = (target.index(FEATURES[Kind.ONE][i]) for i in (0, 1))
    places = [len(target[:i].encode()) for i in (lid, pan, len(target))]
    offsets = _offsets(target, copy, marked)
    assert [offsets[place] for place in places] == [copy.index("oak"), copy.index("pan"), len(copy)]


def test_soft_targets_stand_beside_their_tokens_in_a_batch(
    teacher: Path, vocabulary: sentencepiece.SentencePieceProcessor
) -> None:
    rows = ROWS[:3]
    written = [(row.brief, row.copy) for row in rows]
    soft = soft_targets(teacher, written[:2], vocabulary)
    examples = encode_pairs([pair(*one) for one in written], vocabulary, 320, [*soft, None])
    batch = collate_causal(examples)
    assert batch["soft_ids"].shape == (*batch["labels"].shape, TOP)
    sums = batch["soft_shares"].sum(dim=-1)
    assert torch.allclose(sums, sums.round(), atol=1e-3)  # all or nothing is known of a token
    assert sums[0].any()
    assert not sums[2].any()


@pytest.mark.parametrize("which", ["deck", "all"])
def test_a_student_learns_them(which: str, teacher: Path, tmp_path: Path) -> None:
    plain, soft = (
        msgspec.structs.replace(SETTINGS, teacher_logits=word, logits_weight=1.0)
        for word in ("none", which)
    )
    for name, settings in (("plain", plain), ("soft", soft)):
        train_student(settings, ROWS, ROWS[:4], None, tmp_path / name, teacher=teacher, inputs={})
    losses = [read_metadata(tmp_path / name).metrics["train_loss"] for name in ("plain", "soft")]
    assert losses[0] != losses[1]


def test_a_teacher_is_asked_for_and_must_be_causal(
    vocabulary: sentencepiece.SentencePieceProcessor, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(SETTINGS, keep_layers=(), teacher_logits="deck")
    with pytest.raises(StageError, match=r"teacher_logits: of which teacher"):
        train_student(settings, ROWS, ROWS, None, tmp_path / "student", inputs={})
    with pytest.raises(StageError, match="no causal model"):
        soft_targets(make_seq2seq(tmp_path / "teacher", ROWS), [(BRIEF, COPY)], vocabulary)
