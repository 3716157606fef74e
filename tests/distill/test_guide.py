"""A student learns what a larger one expects, whichever of the two kinds each of them is."""

from pathlib import Path

import msgspec
import pytest
import torch

from distill.marking import pair
from distill.pairs import Example, collate, collate_causal, encode_pairs
from distill.student import StudentSettings, load_student, train_student
from finetune.deck import read_shipped
from finetune.stage import METADATA, StageError, read_metadata
from finetune.teacher import IGNORED
from tests.tiny_models import make_causal

ROWS = read_shipped("train")[:60]
NEW = StudentSettings(
    vocabulary=800,
    width=32,
    feed_forward=64,
    heads=2,
    encoder_layers=2,
    decoder_layers=1,
    warmup=2,
    steps=100,
    batch_tokens=1500,
    eval_steps=50,
    eval_rows=2,
)
PRUNED = msgspec.structs.replace(NEW, keep_layers=(0, -1), learning_rate=2e-3)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_causal(tmp_path_factory.mktemp("guide") / "teacher", ROWS)


@pytest.fixture(scope="module")
def guides(teacher: Path) -> dict[StudentSettings, Path]:
    """A trained student of each kind."""
    kinds = {NEW: teacher.parent / "new", PRUNED: teacher.parent / "pruned"}
    for settings, out in kinds.items():
        train_student(settings, ROWS, ROWS[:2], None, out, teacher=teacher, inputs={})
    return kinds


@pytest.mark.parametrize(("kind", "guided_by"), [(NEW, NEW), (NEW, PRUNED), (PRUNED, NEW)])
def test_a_student_learns_from_the_distribution_of_its_guide_alone(
    kind: StudentSettings,
    guided_by: StudentSettings,
    guides: dict[StudentSettings, Path],
    teacher: Path,
    tmp_path: Path,
) -> None:
    guide = guides[guided_by]
    guided = msgspec.structs.replace(
        kind, vocabulary=700, logits_from=str(guide), logits_weight=1.0, seed=2
    )
    apart = {}
    for steps in (1, 100):
        settings = msgspec.structs.replace(guided, steps=steps)
        out = tmp_path / str(steps)
        train_student(settings, ROWS, ROWS[:2], None, out, teacher=teacher, inputs={})
        apart[steps] = torch.nn.functional.kl_div(
            _expected(out), _expected(guide), log_target=True, reduction="batchmean"
        ).item()
    assert apart[100] < 0.8 * apart[1]
    assert (out / "spm.model").read_bytes() == (guide / "spm.model").read_bytes()
    inputs = read_metadata(out).inputs
    assert {"logits_from/model.safetensors", "logits_from/spm.model"} <= inputs.keys()


def _expected(student: Path) -> torch.Tensor:
    """What the student expects of each token of eight copies: (tokens, pieces), in log shares."""
    model, vocabulary = load_student(student)
    pairs = [pair(row.brief, row.copy) for row in ROWS[:8]]
    examples: list[Example] = encode_pairs(pairs, vocabulary, 320)
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            batch = collate(examples)
            logits = model(**batch).logits
        else:
            batch = collate_causal(examples)
            known = {name: batch[name] for name in ("input_ids", "attention_mask")}
            logits = model(**known).logits[:, -batch["labels"].size(1) - 1 : -1]
    shares: torch.Tensor = logits[batch["labels"] != IGNORED].log_softmax(-1)
    return shares


def test_a_guide_of_another_encoding_is_refused(
    guides: dict[StudentSettings, Path], tmp_path: Path
) -> None:
    older = tmp_path / "older"
    older.mkdir()
    for file in guides[NEW].iterdir():
        (older / file.name).write_bytes(file.read_bytes())
    metadata = msgspec.json.decode((older / METADATA).read_bytes())
    metadata["inputs"]["encoding"] = "3"
    (older / METADATA).write_bytes(msgspec.json.encode(metadata))
    guided = msgspec.structs.replace(NEW, logits_from=str(older))
    with pytest.raises(StageError, match="trained with encoding 3"):
        train_student(guided, ROWS, ROWS[:2], None, tmp_path / "student", inputs={})
