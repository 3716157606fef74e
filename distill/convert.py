"""Convert a student to CTranslate2, and refuse what does not write like the student it came from.

Not here: training (student.py), publishing (publish.py).
"""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import sentencepiece
from ctranslate2.converters.transformers import LlamaLoader, T5Loader
from msgspec import Meta
from transformers import PreTrainedModel

from distill.greedy import quality, write_with_ctranslate2, write_with_torch
from distill.student import load_student
from distill.student_data import VOCABULARY
from distill.vocabulary import END, PAD, UNKNOWN
from finetune.chosen import choose
from finetune.deck import Row
from finetune.general_words import read_general_words
from finetune.shortlist import read_shortlist
from finetune.stage import (
    Metadata,
    StageError,
    file_digest,
    git_commit,
    read_metadata,
    run_stage,
)
from tinycopy.encoding import ENCODING
from tinycopy.manifest import FILES, MANIFEST, File, Manifest, Source, digest
from tinycopy.model import Model


class ConvertSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a student is converted, and how much it may lose by it.

    max_chrf_loss, max_checks_loss: by which the converted student's chrF (in [0, 1]) and share of
    copy that passes all checks may lie below the PyTorch student's, on `rows` validation rows.
    """

    compute_type: Literal["int8", "int16", "float32"] = "int8"
    rows: Annotated[int, Meta(ge=1)] = 300
    max_chrf_loss: Annotated[float, Meta(ge=0)] = 0.01
    max_checks_loss: Annotated[float, Meta(ge=0)] = 0.03
    sources: tuple[Source, ...] = (
        Source("Tinycopy deck", "CC0-1.0"),
        Source("SmolLM2-135M-Instruct (teacher)", "Apache-2.0"),
    )


def convert(
    settings: ConvertSettings,
    student: Path,
    valid: Sequence[Row],
    out: Path,
    *,
    inputs: Mapping[str, str],
) -> Metadata:
    """Write a release to `out`: the converted student, its vocabulary and manifest.json.

    Raises StageError, and leaves no release, if the converted student loses more than the
    settings allow against the PyTorch student (the parity gate).
    """

    def work(directory: Path) -> Mapping[str, Any]:
        return _convert(settings, student, choose(valid, settings.rows), directory)

    inputs = {**inputs, "student": file_digest(student / "model.safetensors")}
    return run_stage("convert", out, inputs=inputs, settings=settings, work=work, resumable=False)


class _Pieces:
    """The vocabulary from SentencePiece itself, for one of CTranslate2's loaders.

    transformers rebuilds a SentencePiece model and drops its byte fallback on the way.
    """

    def get_vocabulary(
        self, model: PreTrainedModel, tokenizer: sentencepiece.SentencePieceProcessor
    ) -> list[str]:
        """The pieces in the order of their ids."""
        return [tokenizer.id_to_piece(i) for i in range(tokenizer.vocab_size())]


class EncoderDecoderLoader(_Pieces, T5Loader):  # type: ignore[misc]
    """CTranslate2's T5 loader; the decoder starts from padding."""

    def set_config(
        self, config: Any, model: Any, tokenizer: sentencepiece.SentencePieceProcessor
    ) -> None:
        """The special tokens."""
        config.bos_token = config.decoder_start_token = tokenizer.id_to_piece(PAD)
        config.eos_token = tokenizer.id_to_piece(END)
        config.unk_token = tokenizer.id_to_piece(UNKNOWN)


class DecoderLoader(_Pieces, LlamaLoader):  # type: ignore[misc]
    """CTranslate2's Llama loader."""

    def set_config(
        self, config: Any, model: Any, tokenizer: sentencepiece.SentencePieceProcessor
    ) -> None:
        """The special tokens, and what the layers' norms add before they divide."""
        config.bos_token = tokenizer.id_to_piece(PAD)
        config.eos_token = tokenizer.id_to_piece(END)
        config.unk_token = tokenizer.id_to_piece(UNKNOWN)
        config.layer_norm_epsilon = model.config.rms_norm_eps


def _convert(
    settings: ConvertSettings, student: Path, valid: Sequence[Row], directory: Path
) -> Mapping[str, Any]:
    model, vocabulary = load_student(student)
    # Before conversion, which quantises some weights in place, the model's own.
    before = write_with_torch(model, vocabulary, valid)
    seq2seq = model.config.is_encoder_decoder
    # Counted before conversion, which takes a decoder's layers apart.
    parameters = model.num_parameters()
    spec = (EncoderDecoderLoader if seq2seq else DecoderLoader)()(model, vocabulary)
    spec.validate()
    spec.optimize(quantization=settings.compute_type)
    spec.save(str(directory))
    if not seq2seq:
        # One name in every release, whatever the student's architecture.
        (directory / "vocabulary.json").rename(directory / "shared_vocabulary.json")
    (directory / VOCABULARY).write_bytes((student / VOCABULARY).read_bytes())
    scores = _parity(settings, before, vocabulary, valid, directory)
    manifest = Manifest(
        encoding=ENCODING,
        compute_type=settings.compute_type,
        files={n: File(file_digest(directory / n), (directory / n).stat().st_size) for n in FILES},
        parameters=parameters,
        recipe=read_metadata(student).settings,
        scores=scores,
        sources=settings.sources,
        git_commit=git_commit(),
        created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        general=read_general_words(student),
        shortlist=read_shortlist(student),
    )
    raw = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
    (directory / MANIFEST).write_bytes(raw)
    size = sum(file.bytes for file in manifest.files.values())
    return {"digest": digest(raw), "bytes": size, **scores}


def _parity(
    settings: ConvertSettings,
    before: Sequence[str],
    vocabulary: sentencepiece.SentencePieceProcessor,
    valid: Sequence[Row],
    directory: Path,
) -> dict[str, float]:
    """Scores of both students on the validation rows; `before` is PyTorch's copy for them.

    Raises StageError past the settings' bounds.
    """
    release = Model({name: (directory / name).read_bytes() for name in FILES})
    after = write_with_ctranslate2(release, vocabulary, valid)
    torch_quality, quality_now = quality(valid, before), quality(valid, after)
    scores = {
        "valid_chrf": round(quality_now.chrf, 4),
        "valid_chrf_torch": round(torch_quality.chrf, 4),
        "valid_checks": round(quality_now.checks, 4),
        "valid_checks_torch": round(torch_quality.checks, 4),
        "valid_same_copy": round(
            sum(a == b for a, b in zip(before, after, strict=True)) / len(valid), 4
        ),
    }
    for name, bound in (
        ("chrf", settings.max_chrf_loss),
        ("checks", settings.max_checks_loss),
    ):
        lost = getattr(torch_quality, name) - getattr(quality_now, name)
        if lost > bound:
            raise StageError(
                f"convert: {settings.compute_type} loses {lost:.3f} of {name} against PyTorch, "
                f"more than convert.max_{name}_loss = {bound}; not released"
            )
    return scores
