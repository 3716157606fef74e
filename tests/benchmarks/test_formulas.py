"""What is made of measurements: stages of a start, dollars, targets."""

import math

import pytest

from benchmarks.cold import STAGES, stages
from benchmarks.cost import SHAPES, Shape, hosted, row
from benchmarks.load import Answered, Load
from benchmarks.report import Target, Value
from benchmarks.warm import case, forty
from tinycopy.brief import Tone

WHOLE = Shape(1, 0.5)


def test_the_stages_of_a_start_add_up_to_it() -> None:
    at = {"interpreter": 101, "framework": 104, "libraries": 106, "function": 107, "worker": 109}
    lasted = {"verify": [1, 2], "read": [5, 3], "load": [4], "generate": [10]}
    marks = [f"{name} {seconds * 10**9}" for name, seconds in at.items()]
    marks += [f"{name} {each * 10**9}" for name, all_ in lasted.items() for each in all_]
    found = stages("\n".join(marks), spawned=100.0, seconds=40.0)
    assert set(found) == set(STAGES)
    assert sum(found.values()) == pytest.approx(40)
    assert (found["framework"], found["verify"], found["fetch"]) == (3, 3, 5)
    assert found["rest"] == 40 - 9 - 8 - 4 - 10


def test_a_second_load_does_not_move_the_first_marks() -> None:
    once = "interpreter 1000000000\nframework 2000000000\nlibraries 3000000000\n"
    once += "function 4000000000\nworker 5000000000\nread 2\nverify 1\nload 1\ngenerate 1\n"
    again = once + "worker 9000000000\n"
    assert stages(again, 0.0, 8.0) == stages(once, 0.0, 8.0)


@pytest.mark.parametrize(("seconds", "billed"), [(0.01, 0.1), (0.1, 0.1), (0.101, 0.2)])
def test_one_at_a_time_is_billed_in_steps_of_100_ms(seconds: float, billed: float) -> None:
    found = row(WHOLE, seconds, cpu=seconds, peak=0)
    assert found.alone == pytest.approx(1e6 * billed * WHOLE.second + 0.4)


def test_a_saturated_instance_is_billed_for_its_cpu() -> None:
    found = row(WHOLE, seconds=0.2, cpu=0.05, peak=0)
    assert found.saturated == pytest.approx(1e6 * 0.05 * WHOLE.second + 0.4)
    assert row(Shape(2, 0.5), 0.2, 0.05, 0).saturated < 2 * found.saturated


def test_a_share_of_a_cpu_takes_so_much_longer() -> None:
    assert row(Shape(0.25, 0.5), seconds=0.05, cpu=0.04, peak=0).seconds == 0.16
    assert row(Shape(2, 1), seconds=0.05, cpu=0.04, peak=0).seconds == 0.05


def test_memory_that_does_not_hold_the_peak_is_told() -> None:
    fits = [row(shape, 0.1, 0.1, peak=200 * 2**20).fits for shape in SHAPES]
    assert fits == [shape.gib > 0.2 for shape in SHAPES]


def test_always_on_pays_above_the_requests_that_cost_as_much() -> None:
    found = row(WHOLE, seconds=0.05, cpu=0.04, peak=0)
    assert found.pays_above is not None
    assert found.pays_above * found.alone / 1e6 == pytest.approx(found.always)
    # Here as many requests as would pay are more than its month has room for.
    assert row(WHOLE, seconds=0.1, cpu=40, peak=0).pays_above is None


def test_a_hosted_model_is_paid_by_tokens() -> None:
    assert hosted(0.1, 0.4, prompt=40, copy=25).million == pytest.approx(14)


def test_a_case_tells_latency_by_request_and_by_token() -> None:
    answers = (Answered(0.2, 30, 8 * 25, 8, 20), Answered(0.4, 30, 8 * 45, 8, 40))
    found = case("examples", 1, 1, [Load(answers, seconds=0.6, cpu=0.3)])
    assert found.request.median == pytest.approx(0.3)
    assert found.per_token.median == pytest.approx(0.01)
    assert (found.tokens, found.candidates, found.prompt) == (30, 8, 30)
    assert found.written == pytest.approx(560 / 0.6)
    assert math.isclose(found.cpu, 0.15)


def test_briefs_of_40_tokens_are_posts_of_medium_length_in_each_tone() -> None:
    found = forty([{"type": "slogan"}, {"type": "social_post", "length": "short"}])
    assert [brief["tone"] for brief in found] == list(Tone)
    assert {(brief["type"], brief["length"]) for brief in found} == {("social_post", "medium")}


@pytest.mark.parametrize(
    ("value", "more", "verdict"),
    [
        (10, False, "aim met"),
        (20, False, "floor met"),
        (31, False, "missed"),
        (31, True, "aim met"),
        (None, False, "not measured"),
    ],
)
def test_a_verdict_knows_which_way_is_better(value: float | None, more: bool, verdict: str) -> None:
    floor, aim = (20, 30) if more else (30, 15)
    measured = None if value is None else Value(value)
    assert Target("it", floor, aim, "ms", measured, "cold", more=more).verdict == verdict
