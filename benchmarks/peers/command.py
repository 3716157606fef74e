"""The function beside what one would deploy instead, on one CPU, in the same run.

The same student in CTranslate2 int8 (bare, without the function around it), in transformers with
torch and in ONNX Runtime int8; and its base model, unpruned and not fine-tuned, in llama.cpp and in
CTranslate2 int8. Each round starts every side anew, asks for a copy, then again while it is warm.
Then the ways to read a release from a bucket, each in a fresh process.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import results
from benchmarks.load import tokens_of_copy
from benchmarks.machine import machine
from benchmarks.peers import downloads, models
from benchmarks.peers.environments import (
    MissingPeerError,
    environment,
    installed_in,
    versions_in,
)
from benchmarks.peers.result import FUNCTION_SIDE, Peers, Side, plot, tables
from benchmarks.results import embedded_digest
from benchmarks.served import (
    EMBEDDED,
    EXAMPLE,
    ROOT,
    Server,
    Source,
    apart,
    serving_python,
    started,
)
from benchmarks.stats import ratio, spread
from tinycopy.brief import CopyType, Length

APP = Path(__file__).with_name("app")
TOKENS = 40
MANY = 8
WARM = 9
"""Warm requests of each size in a round."""


@dataclass(frozen=True)
class Peer:
    """Another way to serve: its engine, its environment (None: the function's own), its model."""

    name: str
    engine: str
    environment: str | None
    model: Callable[[], Path]


@dataclass
class Measured:
    """Seconds and bytes of one side, a value for each round."""

    cold: list[float]
    one: list[float]
    many: list[float]
    rss: list[float]
    pss: list[float]


def peers(student: Path | None) -> tuple[Peer, ...]:
    """All peers, for the PyTorch student that the embedded release was made from."""
    return (
        Peer(
            "student, CTranslate2 int8, bare",
            "with_ctranslate2",
            None,
            lambda: models.student_release(EMBEDDED),
        ),
        Peer(
            "student, ONNX Runtime int8",
            "with_onnxruntime",
            "onnxruntime",
            lambda: models.student_onnx(student, EMBEDDED),
        ),
        Peer(
            "student, transformers + torch",
            "with_torch",
            "transformers",
            lambda: models.student_torch(student, EMBEDDED),
        ),
        Peer("base model, llama.cpp Q4_1", "with_llama_cpp", "llama-cpp", models.base_gguf),
        Peer(
            "base model, CTranslate2 int8",
            "with_ctranslate2",
            None,
            models.base_ctranslate2,
        ),
    )


@dataclass(frozen=True)
class Ready:
    """A side that can be started: what is served, and the bytes and versions of what it takes."""

    source: Source
    installed: int
    model: int
    versions: dict[str, str]


def measure(rounds: int, student: Path | None, only: Sequence[str]) -> Peers:
    """`rounds` rounds of all sides; peers that cannot be made here are listed with why."""
    here, python = machine(ROOT), serving_python()
    ready = {FUNCTION_SIDE: _ready(Source(FUNCTION_SIDE, python), EMBEDDED)}
    missing: dict[str, str] = {}
    for peer in peers(student):
        if only and not any(word in peer.name for word in only):
            missing[peer.name] = "left out by --only"
            continue
        try:
            own = python if peer.environment is None else environment(peer.environment)
            model = peer.model()
        except MissingPeerError as error:
            missing[peer.name] = str(error)
        else:
            environ = {"ENGINE": peer.engine, "MODEL": str(model), "OMP_NUM_THREADS": "1"}
            ready[peer.name] = _ready(Source(peer.name, own, APP, environ), model)
    found = {name: Measured([], [], [], [], []) for name in ready}
    with apart() as cpu:
        for _ in tqdm(range(rounds), "rounds of peers", disable=None):
            for name, side in ready.items():
                _round(side.source, cpu, found[name])
        ways, missing_ways = downloads.measure(3 * rounds, EMBEDDED, cpu)
    sides = {name: _side(it, found[FUNCTION_SIDE], ready[name]) for name, it in found.items()}
    return Peers(
        machine=here,
        release=embedded_digest(),
        tokens=TOKENS,
        sides=sides,
        missing=missing,
        ways=ways,
        missing_ways=missing_ways,
    )


def _ready(source: Source, model: Path) -> Ready:
    size = sum(file.stat().st_size for file in model.iterdir())
    return Ready(source, installed_in(source.python), size, versions_in(source.python))


def _side(it: Measured, ours: Measured, ready: Ready) -> Side:
    return Side(
        cold=spread(it.cold),
        one=spread(it.one),
        many=spread(it.many),
        rss=spread(it.rss),
        pss=spread(it.pss),
        installed=ready.installed,
        model=ready.model,
        versions=ready.versions,
        cold_ratio=ratio(it.cold, ours.cold),
        one_ratio=ratio(it.one, ours.one),
        many_ratio=ratio(it.many, ours.many),
        rss_ratio=ratio(it.rss, ours.rss),
    )


def _round(source: Source, cpu: int, into: Measured) -> None:
    """One start of a side: the first answer, then the medians of WARM answers of each size."""
    with started(source, cpu) as server:
        path, first, one, many = _bodies(source)
        seconds, _ = server.first_answer(first, path)
        into.cold.append(seconds)
        for values, body in ((into.one, one), (into.many, many)):
            took = [_seconds(server, body, path) for _ in range(WARM)]
            values.append(statistics.median(took))
        held = server.memory()
        into.rss.append(held.rss)
        into.pss.append(held.pss)


def _bodies(source: Source) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The path and the requests of a side: the first, for one candidate, and for MANY.

    The function samples as many candidates as it is set to for any copy. Once warm it is asked for
    what takes about TOKENS tokens.
    """
    if source.name == FUNCTION_SIDE:
        longer = EXAMPLE | {"type": CopyType.SOCIAL_POST, "length": Length.MEDIUM}
        return "/v1/copy", EXAMPLE, longer, longer
    one, many = ({"candidates": count, "tokens": TOKENS} for count in (1, MANY))
    return "/", one, one, many


def _seconds(server: Server, body: dict[str, Any], path: str) -> float:
    """Seconds of a request; the function's, scaled to copy of TOKENS tokens."""
    start = time.perf_counter()
    answer = server.ask(body, path)
    took = time.perf_counter() - start
    return took * TOKENS / tokens_of_copy(answer) if "variants" in answer else took


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the tables, saves peers.json and peers.png."""
    parser = results.parser("peers", __doc__)
    parser.add_argument("--rounds", type=int, default=10, help="starts of each side")
    parser.add_argument(
        "--student",
        type=Path,
        help="the PyTorch student of the embedded release, as `tinycopy student` writes it",
    )
    parser.add_argument("--only", nargs="*", default=(), help="words in the names of peers")
    given: Any = parser.parse_args(argv)
    found = measure(given.rounds, given.student, given.only)
    results.save("peers", found, given.out)
    plot(found).savefig(given.out / "peers.png", dpi=120)
    print(tables(found))
