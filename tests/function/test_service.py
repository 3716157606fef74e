"""Writing copy for a brief: the settings and the request's own wishes reach the student."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask, request

from tests.function.releases import FIRST
from tinycopy.brief import Brief, CopyType
from tinycopy.errors import NoUsableCopy
from tinycopy.loader import Loader
from tinycopy.service import Call, Service
from tinycopy.settings import Settings
from tinycopy.student import Sampling, Written
from tinycopy.wire import MIN_TEMPERATURE

BRIEF = Brief(
    type=CopyType.SLOGAN,
    product="Sunrise Mug",
    category="mug",
    features=("made of steel", "easy to clean"),
)
SETTINGS = Settings(candidates=3, temperature=1.5, top_p=0.6, top_k=7, repetition_penalty=1.4)


@pytest.fixture(scope="module")
def service() -> Service:
    """One over the embedded release."""
    return Service(SETTINGS, routes=())


@pytest.mark.parametrize("temperature", [None, 0.9, 0.0])
def test_candidates_temperature_top_p_and_top_k_are_those_of_the_settings_and_the_request(
    service: Service, temperature: float | None
) -> None:
    wanted = SETTINGS.temperature if temperature is None else max(temperature, MIN_TEMPERATURE)
    sampling = Sampling(
        candidates=3, temperature=wanted, top_p=0.6, top_k=7, repetition_penalty=1.4
    )
    student = service.loader.wait().student
    with Flask(__name__).test_request_context():
        call = Call(request)
        found = outcome(lambda: service.write(call, BRIEF, 2, 7, temperature).written)
    assert found == outcome(lambda: student.write(BRIEF, 2, 7, sampling))


@pytest.mark.parametrize("features", [(), ("made of steel",)])
def test_temperature_0_is_the_lowest_that_a_student_can_take(
    releases: dict[int, tuple[Path, str]], features: tuple[str, ...]
) -> None:
    """CTranslate2 divides by it: at 0 this student writes something else, without an error."""
    brief = Brief(type=CopyType.PRODUCT_DESCRIPTION, product="Sunrise Mug", features=features)
    service = Service(SETTINGS, routes=())
    service.loader = Loader(SETTINGS, releases[FIRST][0])
    sampling = Sampling(SETTINGS.candidates, MIN_TEMPERATURE, SETTINGS.top_p, SETTINGS.top_k, 1.4)
    student = service.loader.wait().student
    for seed in range(5):
        with Flask(__name__).test_request_context():
            found = service.write(Call(request), brief, 2, seed, 0.0).written
        assert found == student.write(brief, 2, seed, sampling)


def outcome(write: Callable[[], Written]) -> Written | str:
    """What is written, or why nothing is: the embedded release is not what is tested here."""
    try:
        return write()
    except NoUsableCopy as error:
        return str(error)
