"""A release with random weights, made in about a second without torch, for tests of serving.

Its student writes nonsense, but through the real path: SentencePiece with slot markers, a T5-style
encoder-decoder in CTranslate2, or the same as a decoder alone, and a manifest whose digests are
true.
"""

import hashlib
import io
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
import sentencepiece
from ctranslate2.specs import common_spec, model_spec, transformer_spec

from tinycopy import manifest as manifests
from tinycopy.encoding import ENCODING, MARKERS, PRODUCT

SENTENCES = (
    "product description, professional, medium | shoe | light; quick to dry | for: runners",
    "A light shoe that dries quickly and keeps you comfortable on every morning run.",
    "social post, exciting, short | tea | whole leaves | use: calm",
    "Slow down with a calm cup of whole leaf tea, picked by hand and packed with care.",
    "email subject, casual, long | a lamp for the desk, warm and steady",
    "Work late, see well: the warm and steady lamp for every desk.",
    "ad headline, formal, medium | notebook | thick paper; lies flat",
    "Thick paper that lies flat, for notes worth keeping.",
    "slogan, casual, short | bread | baked daily",
    "Fresh bread, every day, for good people and good mornings.",
)
WIDTH, HEADS, LAYERS = 32, 4, (2, 1)

_Layout: TypeAlias = transformer_spec.TransformerSpec | transformer_spec.TransformerDecoderModelSpec
_LAYERS: dict[str, Any] = {
    "pre_norm": True,
    "activation": common_spec.Activation.GELUTanh,
    "ffn_glu": True,
    "rms_norm": True,
}


def make_release(
    directory: Path, seed: int = 0, only: str | None = None, *, decoder: bool = False
) -> str:
    """Writes a release into `directory` (made if missing) and returns its digest.

    Another seed gives other weights, hence another digest. `only` names the one piece that the
    student ever writes.  decoder: make it a decoder alone.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pieces = _vocabulary(directory / "spm.model")
    layout = _decoder() if decoder else _encoder_decoder()
    spec = _randomised(layout, pieces, np.random.default_rng(seed), only)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = pieces[:3]
    if isinstance(spec, transformer_spec.TransformerSpec):
        spec.config.decoder_start_token = pieces[0]
        spec.config.add_source_eos = False
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(directory))
    if decoder:
        (directory / "vocabulary.json").rename(directory / "shared_vocabulary.json")
    return write_manifest(directory)


def write_manifest(directory: Path, **changes: object) -> str:
    """Writes a true manifest for the files in `directory`, with `changes`; returns its digest."""
    files = {}
    for name in manifests.FILES:
        content = (directory / name).read_bytes()
        files[name] = manifests.File(hashlib.sha256(content).hexdigest(), len(content))
    manifest = manifests.Manifest(
        encoding=ENCODING,
        compute_type="int8",
        files=files,
        parameters=1,
        recipe={"name": "tiny random"},
        scores={},
        sources=(manifests.Source("none", "CC0-1.0"),),
        git_commit="0" * 40,
        created_at="2026-11-22T00:00:00Z",
    )
    raw = msgspec.json.encode(msgspec.structs.replace(manifest, **changes))
    (directory / manifests.MANIFEST).write_bytes(raw)
    return manifests.digest(raw)


def _vocabulary(path: Path) -> list[str]:
    """Trains the SentencePiece model, writes it to `path` and returns its pieces by id."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 4),
        model_writer=out,
        vocab_size=500,
        model_type="unigram",
        hard_vocab_limit=False,
        byte_fallback=True,
        normalization_rule_name="identity",
        user_defined_symbols=list(MARKERS),
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    path.write_bytes(out.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    return [processor.id_to_piece(i) for i in range(len(processor))]


def _encoder_decoder() -> _Layout:
    """T5's layout, as CTranslate2's own T5Loader lays it out."""
    return transformer_spec.TransformerSpec.from_config(
        LAYERS, HEADS, relative_attention_bias=True, **_LAYERS
    )


def _decoder() -> _Layout:
    """A Llama's layout: positions are rotations."""
    return transformer_spec.TransformerDecoderModelSpec.from_config(
        LAYERS[1], HEADS, rotary_dim=0, rotary_interleave=False, **_LAYERS
    )


def _randomised(
    spec: _Layout, pieces: list[str], rng: np.random.Generator, only: str | None
) -> _Layout:
    """The layout with random weights.

    The output projection carries a bias, which T5 has not, so that the student prefers words, the
    product's slot and, now and then, the end to bytes and to slots that a brief does not have.
    """
    bias = np.zeros(len(pieces), np.float32)
    for index, piece in enumerate(pieces):
        if index in (0, 2) or piece.startswith("<0x") or piece in MARKERS:
            bias[index] = -20
    bias[pieces.index(PRODUCT)] = 1.5
    bias[1] = 3.5
    if only is not None:
        bias[pieces.index(only)] = 1000
    shapes = {
        "embeddings/weight": (len(pieces), WIDTH),
        "embeddings_0/weight": (len(pieces), WIDTH),
        "projection/weight": (len(pieces), WIDTH),
        "self_attention/linear_0/weight": (3 * WIDTH, WIDTH),
        "attention/linear_1/weight": (2 * WIDTH, WIDTH),
        "ffn/linear_0/weight": (4 * WIDTH, WIDTH),
        "ffn/linear_0_noact/weight": (4 * WIDTH, WIDTH),
        "ffn/linear_1/weight": (WIDTH, 4 * WIDTH),
    }
    constants = {
        "gamma": np.ones(WIDTH, np.float32),
        "projection/bias": bias,
        "queries_scale": np.float32(1),
        "relative_attention_bias": rng.normal(0, 0.5, (32, HEADS)).astype(np.float32),
        "relative_attention_max_distance": np.int32(128),
    }

    def fill(layer: object, name: str, value: object) -> None:
        scope = name.replace("layer/", "")
        for suffix, constant in constants.items():
            if scope.endswith(suffix):
                setattr(layer, name.rsplit("/", 1)[-1], constant)
                return
        if name.endswith("weight"):
            shape = next((s for k, s in shapes.items() if scope.endswith(k)), (WIDTH, WIDTH))
            weight = rng.normal(0, WIDTH**-0.5, shape).astype(np.float32)
            setattr(layer, name.rsplit("/", 1)[-1], weight)

    model_spec.visit_spec(spec, fill)
    spec.decoder.scale_embeddings = False
    if isinstance(spec, transformer_spec.TransformerSpec):
        spec.encoder.scale_embeddings = False
        spec.register_source_vocabulary(pieces)
        spec.register_target_vocabulary(pieces)
    else:
        spec.register_vocabulary(pieces)
    return spec
