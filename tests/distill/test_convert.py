"""A release writes what its student writes, as the function loads it, or is refused."""

import shutil
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from distill import convert as room
from distill.convert import ConvertSettings, convert
from distill.student import StudentSettings, load_student, train_student
from finetune.deck import read_shipped
from finetune.e2e.beam import release_texts, student_texts
from finetune.general_words import FILE as GENERAL_WORDS
from finetune.generators.student import TorchStudent
from finetune.shortlist import FILE as SHORTLIST
from finetune.stage import StageError
from tinycopy.errors import NoUsableCopy
from tinycopy.manifest import FILES, MANIFEST, digest, parse, verify
from tinycopy.release import embedded
from tinycopy.student import Sampling, Student

ROWS = read_shipped("train")[:40]
# A student of sixty steps repeats itself, and a rounding can send it another way.
SETTINGS = ConvertSettings(rows=12, max_chrf_loss=0.3)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("convert") / "student"
    settings = StudentSettings(
        vocabulary=800,
        shortlist=120,
        width=32,
        feed_forward=64,
        heads=2,
        encoder_layers=2,
        decoder_layers=1,
        warmup=5,
        steps=60,
        batch_tokens=1500,
        eval_steps=60,
        eval_rows=2,
    )
    train_student(settings, ROWS, ROWS[:2], None, out, inputs={})
    return out


@pytest.mark.parametrize("compute_type", ["float32", "int16", "int8"])
def test_a_release_is_what_its_manifest_says_and_the_function_loads_it(
    student: Path, tmp_path: Path, compute_type: str
) -> None:
    settings = msgspec.structs.replace(SETTINGS, compute_type=compute_type)
    assert (student / GENERAL_WORDS).is_file()
    (student / GENERAL_WORDS).write_text("home\nday\n")
    metadata = convert(settings, student, ROWS, tmp_path / "release", inputs={})
    raw = (tmp_path / "release" / MANIFEST).read_bytes()
    manifest = parse(raw)
    files = {name: (tmp_path / "release" / name).read_bytes() for name in FILES}
    for name, content in files.items():
        verify(manifest, name, content)
    assert metadata.metrics["digest"] == digest(raw)
    assert manifest.compute_type == compute_type
    assert manifest.general == ("home", "day")
    assert len(manifest.shortlist) == 120
    assert set(manifest.shortlist) <= {*msgspec.json.decode(files["shared_vocabulary.json"])}
    assert {".", "</s>"} <= {*manifest.shortlist}
    assert manifest.recipe["width"] == 32
    assert manifest.parameters == load_student(student)[0].num_parameters()
    written = Student(files).write(ROWS[0].brief, 1, 1, Sampling())
    assert written.candidates > 0


def test_a_student_of_another_encoding_is_refused(student: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(student, older)
    metadata = msgspec.json.decode((older / "metadata.json").read_bytes())
    metadata["inputs"]["encoding"] = "3"
    (older / "metadata.json").write_bytes(msgspec.json.encode(metadata))
    with pytest.raises(StageError, match="trained with encoding 3"):
        convert(SETTINGS, older, ROWS, tmp_path / "release", inputs={})
    assert not (tmp_path / "release").exists()


def test_float32_writes_what_pytorch_writes(student: Path, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, compute_type="float32")
    metadata = convert(settings, student, ROWS, tmp_path / "release", inputs={})
    assert metadata.metrics["valid_same_copy"] == 1.0
    assert metadata.metrics["valid_chrf"] > 0, "the student writes something to compare"


@pytest.mark.parametrize("penalty", [1.0, 1.2])
def test_the_evaluations_pytorch_student_writes_and_scores_as_its_float32_release(
    student: Path, tmp_path: Path, penalty: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nucleus of one token leaves nothing to chance, so only the arithmetic can differ.

    CTranslate2's scores hold the penalty on repetition and share among the tokens that a brief
    allows what the model gave to others; PyTorch's are those of the model. So they are compared
    where there is no penalty and nothing is banned.
    """
    if penalty == 1.0:
        monkeypatch.setattr("tinycopy.encoding.Slots.foreign", frozenset())
        (student / SHORTLIST).rename(student / "no-shortlist.txt")
        for module in ("tinycopy.student", "finetune.generators.student"):
            monkeypatch.setattr(f"{module}.token_floor", lambda *_: 0)
    settings = msgspec.structs.replace(SETTINGS, compute_type="float32")
    convert(settings, student, ROWS, tmp_path / "release", inputs={})
    release = Student.of(embedded(tmp_path / "release"))
    greedy = Sampling(candidates=2, top_p=1e-6, repetition_penalty=penalty)
    before = TorchStudent(student, batch=4, sampling=greedy)
    briefs = [row.brief for row in ROWS[:12]]
    drawn = before.sample(briefs, variants=1)
    compared = 0
    for brief, [copy], (samples, _) in zip(
        briefs, before.write(briefs, seed=1), drawn, strict=True
    ):
        try:
            [variant] = release.write(brief, 1, 1, greedy).variants
        except NoUsableCopy:
            assert copy.text == ""
            continue
        assert (copy.text, copy.tokens) == (variant.text, variant.tokens)
        if penalty == 1.0:
            assert samples[0].score == pytest.approx(variant.score, abs=0.01)
        compared += 1
    assert compared >= 3


def test_a_student_and_its_float32_release_write_the_same_by_search(
    student: Path, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(SETTINGS, compute_type="float32")
    convert(settings, student, ROWS, tmp_path / "release", inputs={})
    briefs = [row.brief for row in ROWS[:4]]
    found = {
        width: (
            student_texts(student, briefs, width),
            release_texts(tmp_path / "release", briefs, width),
        )
        for width in (1, 3)
    }
    before, after = found[1]
    assert before == after
    assert any(before)
    # Wider beams stop by rules of their own, but find other copy than the narrowest.
    assert all(wide != narrow for wide, narrow in zip(found[3], found[1], strict=True))


def test_the_gate_reads_the_pytorch_student_before_conversion_touches_it(
    student: Path, tmp_path: Path
) -> None:
    """Quantisation works in place: copy written after it would come from spoilt weights."""
    scores = []
    for compute_type in ("int8", "float32"):
        settings = msgspec.structs.replace(SETTINGS, compute_type=compute_type)
        out = tmp_path / compute_type
        scores.append(convert(settings, student, ROWS, out, inputs={}).metrics["valid_chrf_torch"])
    assert scores[0] == scores[1]


def test_int8_is_smaller_than_float32(student: Path, tmp_path: Path) -> None:
    sizes = {}
    for compute_type in ("int8", "float32"):
        settings = msgspec.structs.replace(SETTINGS, compute_type=compute_type)
        convert(settings, student, ROWS, tmp_path / compute_type, inputs={})
        sizes[compute_type] = (tmp_path / compute_type / "model.bin").stat().st_size
    assert sizes["int8"] < 0.5 * sizes["float32"]


def test_a_conversion_that_breaks_the_student_is_refused(
    student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are spoilt on their way into the release, as a bad conversion would."""
    healthy = room.EncoderDecoderLoader.get_model_spec

    def spoilt(self: room.EncoderDecoderLoader, model: torch.nn.Module) -> object:
        spec = healthy(self, model)
        spec.decoder.layer_norm.gamma = 0 * spec.decoder.layer_norm.gamma
        return spec

    monkeypatch.setattr(room.EncoderDecoderLoader, "get_model_spec", spoilt)
    settings = msgspec.structs.replace(SETTINGS, max_chrf_loss=0.001)
    with pytest.raises(StageError, match=r"loses .* of chrf"):
        convert(settings, student, ROWS, tmp_path / "release", inputs={})
    assert not (tmp_path / "release").exists()
    monkeypatch.undo()
    convert(SETTINGS, student, ROWS, tmp_path / "release", inputs={})
    assert [p.name for p in tmp_path.iterdir()] == ["release"], "the refused one left no trace"


def test_a_release_whose_copy_passes_fewer_checks_is_refused(
    student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if PyTorch wrote the deck's own copy, which a student of sixty steps is far from."""
    monkeypatch.setattr(room, "write_with_torch", lambda *found: [row.copy for row in found[2]])
    settings = msgspec.structs.replace(SETTINGS, max_chrf_loss=1.0)
    with pytest.raises(StageError, match=r"loses .* of checks .* convert.max_checks_loss"):
        convert(settings, student, ROWS, tmp_path / "release", inputs={})
    assert not (tmp_path / "release").exists()


def test_another_student_makes_another_release(student: Path, tmp_path: Path) -> None:
    out = tmp_path / "release"
    first = convert(SETTINGS, student, ROWS, out, inputs={}).metrics["digest"]
    other = tmp_path / "student"
    other.mkdir()
    for file in student.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    weights = {
        name: 1.01 * tensor for name, tensor in load_file(other / "model.safetensors").items()
    }
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    assert convert(SETTINGS, other, ROWS, out, inputs={}).metrics["digest"] != first
