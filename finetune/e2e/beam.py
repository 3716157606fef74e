"""Beam search: the likeliest copy of a student, as the systems published on E2E decode theirs.

The function samples candidates instead (finetune/generators/), which suits callers who ask twice.
"""

from collections.abc import Sequence
from pathlib import Path

import sentencepiece

from finetune.generators import likeliest
from finetune.pretrained import load_weights
from finetune.stage import StageError
from tinycopy.brief import Brief
from tinycopy.manifest import ReleaseError
from tinycopy.model import Model
from tinycopy.release import embedded

WIDTH = 5
"""Of the beam: chosen on the development set."""
MAX_TOKENS = 120
"""Of a text."""


def release_texts(directory: Path, briefs: Sequence[Brief], width: int) -> list[str]:
    """One text for each brief from a release. Raises StageError if it cannot be loaded."""
    try:
        release = embedded(directory)
        model = Model(release.files)
    except ReleaseError as error:
        raise StageError(f"release {directory}: {error}") from error
    vocabulary = sentencepiece.SentencePieceProcessor(model_proto=release.files["spm.model"])
    encoding = release.manifest.encoding
    return likeliest.release_texts(
        model, vocabulary, briefs, MAX_TOKENS, beam=width, encoding=encoding
    )


def student_texts(directory: Path, briefs: Sequence[Brief], width: int) -> list[str]:
    """One text for each brief from a student before conversion."""
    model = load_weights(directory).eval()
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(directory / "spm.model"))
    return likeliest.torch_texts(model, vocabulary, briefs, MAX_TOKENS, beam=width)
