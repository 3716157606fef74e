import threading

import pytest

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
