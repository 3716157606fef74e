"""What the handlers share: the settings, the loader, the gate, and writing copy for a brief."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Request, Response

from tinycopy.brief import Brief
from tinycopy.errors import Abusive
from tinycopy.gate import Gate
from tinycopy.loader import Loader, Serving
from tinycopy.safety import asks_for_abuse
from tinycopy.settings import Settings
from tinycopy.student import Sampling, Written
from tinycopy.wire import MIN_TEMPERATURE


@dataclass(frozen=True)
class Answer:
    """What was written for one brief, by which release, in how many milliseconds."""

    written: Written
    serving: Serving
    ms: float


@dataclass
class Call:
    """One request on its way: its id, and what the log is to say of it."""

    request: Request
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: dict[str, Any] = field(default_factory=dict)


class Service:
    """Everything that lives as long as the process."""

    def __init__(self, settings: Settings, routes: tuple["Route", ...]) -> None:
        self.settings = settings
        self.routes = routes
        self.loader = Loader(settings)
        self.gate = Gate(settings.concurrency, settings.queue, settings.queue_seconds)

    def write(
        self,
        call: Call,
        brief: Brief,
        variants: int,
        seed: int | None,
        temperature: float | None,
        opening: str | None = None,
    ) -> Answer:
        """Copy for a brief, when its turn comes; the log entry gets its figures.

        Raises Abusive, NotLoaded, TooBusy or NoUsableCopy.
        """
        if (asked := asks_for_abuse(brief, opening or "")) is not None:
            raise Abusive("this asks for abusive copy, which is not written here", field=asked)
        settings = self.settings
        if temperature is None:
            temperature = settings.temperature
        sampling = Sampling(
            settings.candidates,
            max(temperature, MIN_TEMPERATURE),
            settings.top_p,
            settings.top_k,
            settings.repetition_penalty,
        )
        serving = self.loader.wait()
        call.log["release"] = serving.digest
        with self.gate.turn():
            start = time.perf_counter()
            written = serving.student.write(brief, variants, seed, sampling, opening or "")
            ms = round(1000 * (time.perf_counter() - start), 1)
        checks = [passed for variant in written.variants for passed in variant.checks.values()]
        call.log |= {
            "generation_ms": ms,
            "prompt_tokens": written.prompt_tokens,
            "completion_tokens": written.completion_tokens,
            "candidates": written.candidates,
            "checks": len(checks),
            "checks_passed": sum(checks),
            "type": brief.type,
        }
        if settings.log_prompts:
            call.log |= {"brief": brief, "copy": [variant.text for variant in written.variants]}
        return Answer(written, serving, ms)


Handler = Callable[[Service, Call], Response]


@dataclass(frozen=True)
class Route:
    """One line of the HTTP table; the router, OpenAPI and the docs page are made from these.

    reads, writes: types of the JSON bodies; writes is None where the answer is no JSON of ours.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    reads: Any = None
    writes: Any = None
    problems: tuple[int, ...] = ()
    openai: bool = False
