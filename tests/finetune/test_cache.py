"""Token ids are made once for the same inputs, and never left half made."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from finetune.cache import VARIABLE, cache_directory, tokenised
from finetune.stage import StageError

KEY: dict[str, str | int] = {"rows": "r1", "tokenizer": "t1", "encoding": 1, "max_tokens": 64}
ROWS = [{"input_ids": [n, n + 1], "labels": [n]} for n in range(20)]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Encoder:
    """Returns the rows, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> list[dict[str, list[int]]]:
        self.calls += 1
        return ROWS


def test_the_same_inputs_are_encoded_once_and_come_back_in_order() -> None:
    encoder = Encoder()
    made = tokenised(encoder, KEY)
    found = tokenised(encoder, dict(reversed(KEY.items())))
    assert encoder.calls == 1
    assert made.to_list() == found.to_list() == ROWS


@pytest.mark.parametrize("changed", KEY)
def test_a_changed_input_is_encoded_again(changed: str) -> None:
    encoder = Encoder()
    tokenised(encoder, KEY)
    tokenised(encoder, KEY | {changed: "other"})
    assert encoder.calls == 2


def test_a_crash_while_saving_leaves_nothing_behind(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_disk(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", broken_disk)
        with pytest.raises(OSError, match="No space"):
            tokenised(Encoder(), KEY)
    assert list(place.iterdir()) == []


def _meet(barrier: Barrier) -> None:
    """Encodes at the very time that the other process does."""

    def encode() -> list[dict[str, list[int]]]:
        barrier.wait(timeout=120)
        return ROWS

    assert tokenised(encode, KEY).to_list() == ROWS


def test_two_processes_at_once_end_with_one_whole_copy(place: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    barrier = processes.Barrier(2)
    both = [processes.Process(target=_meet, args=(barrier,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert len(list(place.iterdir())) == 1
    unused = Encoder()
    assert tokenised(unused, KEY).to_list() == ROWS
    assert unused.calls == 0


def test_no_rows_are_refused() -> None:
    with pytest.raises(StageError, match="no row"):
        tokenised(list, KEY)


def test_a_place_that_cannot_be_written_is_named_with_what_to_set(place: Path) -> None:
    place.write_text("a file where the directory should be")
    with pytest.raises(StageError, match=f"cache {place}.*{VARIABLE}"):
        tokenised(Encoder(), KEY)


def test_unless_set_it_lies_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_directory() == tmp_path / "cache"
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "tinycopy"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / ".cache" / "tinycopy"
