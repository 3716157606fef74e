"""Publishers that race, lose an answer or are killed leave one clean winner."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from google.cloud import storage  # type: ignore[import-untyped]

from tests.distill.killing import run_at_once, run_killed_after
from tests.distill.publishing import POINTER, pointer, publish, uri
from tests.releases import served, write_release
from tests.wire import Cut, Request, Wire


def writes_pointer(request: Request) -> bool:
    return request.method == "POST" and POINTER.encode() in request.body


def test_of_eight_publishers_one_wins_each_generation(
    wire: Wire, bucket: storage.Bucket, tmp_path: Path
) -> None:
    """Eight processes, then the seven that lost, and so on."""
    paths = {write_release(tmp_path / str(seed), seed): tmp_path / str(seed) for seed in range(8)}
    waiting, previous = list(paths), None
    while waiting:
        # All have read the same pointer before any of them writes it.
        gate = threading.Barrier(len(waiting), timeout=120)

        def hold(request: Request, gate: threading.Barrier = gate) -> None:
            if writes_pointer(request):
                gate.wait()

        wire.before = hold
        commands = [["publish", str(paths[digest]), uri(bucket)] for digest in waiting]
        ended = dict(zip(waiting, run_at_once(wire.url, commands, tmp_path), strict=True))
        (winner,) = (digest for digest, one in ended.items() if one.code == 0)
        assert served(bucket) == winner
        assert pointer(bucket)["previous"] == previous
        waiting.remove(winner)
        for loser in waiting:
            assert ended[loser].code == 1
            assert f"someone else moved it to {winner}" in ended[loser].errors
        previous = winner


def test_two_publishers_of_the_same_release_both_succeed(
    wire: Wire, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    first, one = next(iter(releases.items()))
    gate = threading.Barrier(2, timeout=120)

    def hold(request: Request) -> None:
        if writes_pointer(request):
            gate.wait()

    wire.before = hold
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: publish(bucket, first), range(2))) == [0, 0]
    assert served(bucket) == one
    assert pointer(bucket)["previous"] is None


def test_a_publisher_whose_winning_write_got_no_answer_knows_that_it_won(
    wire: Wire, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    first, one = next(iter(releases.items()))
    writes = []

    def lose_first_answer(request: Request) -> None:
        if writes_pointer(request):
            writes.append(request)
            if len(writes) == 1:
                raise Cut

    wire.after = lose_first_answer
    assert publish(bucket, first) == 0
    assert len(writes) == 2
    assert served(bucket) == one


def test_a_publisher_killed_after_any_request_leaves_the_old_release_and_can_run_again(
    gcs_server: str, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    (first, one), (second, two), _ = releases.items()

    def publish_until(number: int) -> tuple[storage.Bucket, list[Request]]:
        target = bucket.client.create_bucket(f"{bucket.name}-{number}")
        assert publish(target, first) == 0
        argv = ["publish", str(second), uri(target)]
        return target, run_killed_after(gcs_server, argv, number)

    _, requests = publish_until(0)
    assert len(requests) > 2 * 5  # five uploads and five downloads at the least
    assert [request for request in requests if writes_pointer(request)] == requests[-1:]
    for number in range(1, len(requests) + 1):
        target, passed = publish_until(number)
        assert served(target) == (two if any(map(writes_pointer, passed)) else one)
        # Whoever asks for the new one by its digest finds all of it or none.
        left = {blob.name for blob in target.list_blobs(prefix=f"students/{two}/")}
        assert f"students/{two}/manifest.json" not in left or len(left) == 5
        assert publish(target, second) == 0
        assert served(target) == two
        assert pointer(target)["previous"] == one
