"""Token ids are made once for the same inputs, and never left half made."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from finetune.cache import tokenised
from finetune.deck import Row, read_shipped

ROWS = read_shipped("valid")[:20]
KEY: dict[str, str | int] = {"deck": "d1", "tokenizer": "t1", "encoding": 1, "max_tokens": 64}


class Encoder:
    """Encodes copy as its characters' code points, and counts its calls."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.calls = 0
        self._fail_at = fail_at

    def __call__(self, row: Row) -> Mapping[str, Sequence[int]]:
        if self.calls == self._fail_at:
            raise KeyboardInterrupt
        self.calls += 1
        return {"input_ids": [ord(c) for c in row.copy], "labels": [1, self.calls]}


def test_tokens_come_back_in_order(tmp_path: Path) -> None:
    tokens = tokenised(ROWS, Encoder(), depends_on=KEY, cache_dir=tmp_path)
    assert tokens["input_ids"][:] == [[ord(c) for c in row.copy] for row in ROWS]
    assert tokens["labels"][:] == [[1, n] for n in range(1, 21)]


def test_the_same_inputs_are_encoded_once(tmp_path: Path) -> None:
    first, second = Encoder(), Encoder()
    made = tokenised(ROWS, first, depends_on=KEY, cache_dir=tmp_path)
    reordered = dict(reversed(KEY.items()))
    found = tokenised(ROWS, second, depends_on=reordered, cache_dir=tmp_path)
    assert (first.calls, second.calls) == (20, 0)
    assert found.to_list() == made.to_list()


@pytest.mark.parametrize("changed", KEY)
def test_a_changed_input_is_encoded_again(tmp_path: Path, changed: str) -> None:
    tokenised(ROWS, Encoder(), depends_on=KEY, cache_dir=tmp_path)
    again = Encoder()
    tokenised(ROWS[:5], again, depends_on=KEY | {changed: "other"}, cache_dir=tmp_path)
    assert again.calls == 5


def test_a_crash_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        tokenised(ROWS, Encoder(fail_at=7), depends_on=KEY, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
    again = Encoder()
    assert len(tokenised(ROWS, again, depends_on=KEY, cache_dir=tmp_path)) == 20
    assert again.calls == 20


def test_a_crash_while_saving_leaves_nothing_that_is_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_disk(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", broken_disk)
        with pytest.raises(OSError, match="No space"):
            tokenised(ROWS, Encoder(), depends_on=KEY, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_comes_second_takes_what_the_first_made(tmp_path: Path) -> None:
    class Overtaken(Encoder):
        """While this one encodes, another process finishes the same data set."""

        def __call__(self, row: Row) -> Mapping[str, Sequence[int]]:
            if self.calls == 0:
                tokenised(ROWS, Encoder(), depends_on=KEY, cache_dir=tmp_path)
            return super().__call__(row)

    tokens = tokenised(ROWS, Overtaken(), depends_on=KEY, cache_dir=tmp_path)
    assert len(tokens) == 20
    assert len(list(tmp_path.iterdir())) == 1


def test_no_rows_are_refused(tmp_path: Path) -> None:
    def none() -> Iterator[Row]:
        yield from ()

    with pytest.raises(ValueError, match="no row"):
        tokenised(none(), Encoder(), depends_on=KEY, cache_dir=tmp_path)
