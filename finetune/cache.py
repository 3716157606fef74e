"""Token ids kept on disk, so that a deck is tokenised once for all runs that read it alike.

They lie in a directory of the user's (TINYCOPY_CACHE, or tinycopy in the user's cache directory),
never in a stage's output, and may be deleted at any time. Not covered here: what the tokens are.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from finetune.stage import StageError, digest, is_main_process, wait_for_everyone

VARIABLE = "TINYCOPY_CACHE"


def cache_directory() -> Path:
    """Where token ids lie: $TINYCOPY_CACHE, else tinycopy under $XDG_CACHE_HOME or ~/.cache."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinycopy"


def tokenised(
    encode: Callable[[], Sequence[Mapping[str, Sequence[int]]]],
    depends_on: Mapping[str, str | int],
) -> Any:
    """A `datasets.Dataset` of the rows that `encode` returns: columns of token ids.

    depends_on: by name, all that the tokens depend on: digests of the rows and of the tokenizer,
    the encoding's version, limits. The same values give the rows that were made before, without a
    call to `encode`. A crash leaves nothing half made, and processes that make the same rows at
    once end with one whole copy; of torchrun's ranks the first makes it for all. Raises
    StageError if there is no row, or the cache cannot be written.
    """
    from datasets import Dataset

    place = cache_directory() / digest(msgspec.json.encode(dict(depends_on), order="sorted"))[:32]
    if is_main_process():
        _make(encode, place)
    wait_for_everyone()
    # Ranks on another machine may have a disk of their own.
    _make(encode, place)
    return Dataset.load_from_disk(place)


def _make(encode: Callable[[], Sequence[Mapping[str, Sequence[int]]]], place: Path) -> None:
    """Fill `place`, unless it is there."""
    from datasets import Dataset, Features, List, Value

    if place.exists():
        return
    rows = [dict(row) for row in encode()]
    if not rows:
        raise StageError("there is no row to tokenise: a split is empty, or all rows are too long")
    features = Features({column: List(Value("int32")) for column in rows[0]})
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    except OSError as error:
        raise StageError(
            f"cache {place.parent}: {error.strerror}; set {VARIABLE} to a directory to write to"
        ) from error
    try:
        Dataset.from_list(rows, features=features).save_to_disk(partial)
        _publish(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, place: Path) -> None:
    """Move a finished data set into place, unless another process was there first."""
    try:
        partial.rename(place)
    except OSError:
        if not place.exists():
            raise
