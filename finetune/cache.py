"""Rows as token ids, kept on disk for as long as nothing that they depend on changes.

Not covered here: what the tokens are; the caller's `encode` says.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from finetune.stage import digest

T = TypeVar("T")


def tokenised(
    rows: Iterable[T],
    encode: Callable[[T], Mapping[str, Sequence[int]]],
    *,
    depends_on: Mapping[str, str | int],
    cache_dir: Path,
) -> Any:
    """A `datasets.Dataset` of what `encode` makes of each row, in order: columns of token ids.

    depends_on: all that the tokens depend on, by name: the deck's digest, the tokenizer's, the
    encoding's version, the most tokens. The same values give the data set that was made before,
    without a call to `encode`. A crash leaves no data set that is only half there, and processes
    that make the same one at once end with one whole data set. Raises ValueError if there is no
    row.
    """
    from datasets import Dataset, Features, List, Value

    key = digest(msgspec.json.encode(dict(depends_on), order="sorted"))[:32]
    place = cache_dir / key
    if not place.exists():
        encoded = [dict(encode(row)) for row in rows]
        if not encoded:
            raise ValueError("there is no row to tokenise")
        features = Features({column: List(Value("int32")) for column in encoded[0]})
        cache_dir.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=cache_dir))
        try:
            Dataset.from_list(encoded, features=features).save_to_disk(partial)
            _publish(partial, place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return Dataset.load_from_disk(place)


def _publish(partial: Path, place: Path) -> None:
    """Move a finished data set into place, unless another process was there first."""
    try:
        partial.rename(place)
    except OSError:
        if not place.exists():
            raise
