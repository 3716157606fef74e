import threading

import pytest

from tests.function.server import until
from tinycopy.errors import TooBusy
from tinycopy.gate import Gate


def test_requests_beyond_the_places_are_refused_at_once():
    gate = Gate(at_once=1, waiting=0, seconds=60)
    with gate.turn(), pytest.raises(TooBusy) as refused, gate.turn():
        pass
    assert int(refused.value.headers["Retry-After"]) > 0


def test_a_turn_that_does_not_come_in_time_is_refused():
    gate = Gate(at_once=1, waiting=1, seconds=0.01)
    with gate.turn(), pytest.raises(TooBusy), gate.turn():
        pass


def test_a_turn_that_ends_with_an_error_is_free_again():
    gate = Gate(at_once=1, waiting=0, seconds=60)
    with pytest.raises(KeyError), gate.turn():
        raise KeyError
    with gate.turn():
        pass


def test_a_refused_request_keeps_no_place():
    gate = Gate(at_once=1, waiting=1, seconds=0.01)
    with gate.turn():
        for _ in range(3):
            with pytest.raises(TooBusy, match="QUEUE_SECONDS"), gate.turn():
                pass


def test_those_that_wait_get_their_turn_and_never_more_at_once_than_allowed():
    gate = Gate(at_once=2, waiting=10, seconds=60)
    counting, inside, most, done = threading.Lock(), 0, 0, 0

    def work() -> None:
        nonlocal inside, most, done
        with gate.turn():
            with counting:
                inside += 1
                most = max(most, inside)
            threading.Event().wait(0.005)
            with counting:
                inside -= 1
                done += 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == 12
    assert 1 <= most <= 2


def test_who_came_first_is_served_first_and_whoever_comes_back_waits_again():
    """With a semaphore in its place, the one that comes back is served before all who wait."""
    gate = Gate(at_once=1, waiting=10, seconds=60)
    served: list[int] = []

    def work(number: int) -> None:
        with gate.turn():
            served.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with gate.turn():
        for number, thread in enumerate(threads, 1):
            thread.start()
            until(lambda number=number: len(gate._line) == number)
    work(8)
    for thread in threads:
        thread.join()
    assert served == list(range(9))


def test_a_turn_handed_over_as_the_time_is_up_is_not_lost(monkeypatch):
    gate = Gate(at_once=1, waiting=1, seconds=60)
    held = gate.turn()
    held.__enter__()

    def come_too_late(ticket: threading.Event, seconds: float) -> bool:
        held.__exit__(None, None, None)
        return False

    monkeypatch.setattr(threading.Event, "wait", come_too_late)
    with gate.turn(), pytest.raises(TooBusy), gate.turn():
        pass


def test_no_turn_is_lost_where_many_give_up():
    gate = Gate(at_once=2, waiting=8, seconds=0.002)
    outcomes: list[bool] = []

    def work() -> None:
        for _ in range(50):
            try:
                with gate.turn():
                    threading.Event().wait(0.001)
                outcomes.append(True)
            except TooBusy:
                outcomes.append(False)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {True, False}
    with gate.turn(), gate.turn(), pytest.raises(TooBusy), gate.turn():
        pass
