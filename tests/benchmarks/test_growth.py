"""Soak and fuzz fail where memory grew, or where a run was too short to tell."""

import msgspec
import pytest

from benchmarks import fuzz, soak
from benchmarks.fuzz import FIELDS
from benchmarks.stats import growth
from tests.benchmarks import made_up
from tinycopy.completions import CompletionRequest
from tinycopy.wire import CheckRequest, CopyRequest

STEADY = (80, 90, *(100,) * 8)
GROWN = (80, 90, 100, 100, 100, 103, 106, 109, 109, 109)


def soaked(rss: tuple[int, ...], **changes: object) -> soak.Soaked:
    one = soak.Soaked(
        made_up.MACHINE, made_up.RELEASE, 10.0, {"200": 9}, 0, rss, (soak.Move(1, 2),), 0.1
    )
    return msgspec.structs.replace(one, **changes)


def fuzzed(rss: tuple[int, ...], *unexpected: str) -> fuzz.Fuzzed:
    return fuzz.Fuzzed(made_up.MACHINE, made_up.RELEASE, 1.0, 1, 200, {"200": 200}, rss, unexpected)


def test_growth_is_between_medians_of_three() -> None:
    assert growth([1, 10, 10, 99, 12, 12, 0], warm=1) == pytest.approx(0.2)


def test_fewer_than_six_samples_do_not_tell() -> None:
    assert growth([1.0, 1.09], warm=0) is None
    assert growth([100.0] * 7, warm=2) is None
    assert growth([100.0] * 8, warm=2) == 0


def test_a_soak_that_grew_in_a_minute_or_two_does_not_pass_as_steady() -> None:
    short = soaked((100, 109))
    assert short.growth is None
    assert short.failures == ["resident memory: too short to tell whether it grows"]
    assert "| its growth | too short to tell |" in soak.table(short)


def test_a_soak_fails_for_growth_odd_answers_and_drops() -> None:
    assert soaked(STEADY).failures == []
    assert soaked(GROWN).failures == ["resident memory grew by 9.0%"]
    odd = soaked(STEADY, statuses={"200": 9, "500": 1}, dropped=2)
    assert odd.failures == ["unexpected answers: {'500': 1}", "2 requests dropped"]


def test_fuzz_fails_for_growth_after_its_warm_up_and_for_what_was_unexpected() -> None:
    assert fuzzed((50, 80, *STEADY)).failures == []
    assert fuzzed(GROWN).failures == ["resident memory grew by 9.0%"]
    assert fuzzed((100, 128)).failures == ["resident memory: too short to tell whether it grows"]
    assert fuzzed(STEADY, "status 500: ...").failures == ["status 500: ..."]


@pytest.mark.parametrize(
    ("path", "request_type"),
    [
        ("/v1/copy", CopyRequest),
        ("/v1/checks", CheckRequest),
        ("/v1/completions", CompletionRequest),
    ],
)
def test_fuzz_makes_up_every_field_of_a_request(path: str, request_type: type) -> None:
    assert set(FIELDS[path]) == {
        field.encode_name for field in msgspec.structs.fields(request_type)
    }
