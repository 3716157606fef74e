"""A closed loop of requests: each caller asks again as soon as it is answered."""

import contextlib
import functools
import http.client
import itertools
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sentencepiece

from benchmarks.served import EMBEDDED, Server, ask
from deploy.measure import briefs

COUNTS = ("prompt_tokens", "completion_tokens", "candidates")
FAILURES = (RuntimeError, OSError, http.client.HTTPException, msgspec.DecodeError)
"""What a request may end with where the function refuses it or goes away."""


@dataclass(frozen=True)
class Answered:
    """One request: its seconds, tokens read, tokens written over all candidates, candidates, and
    the tokens of an average one of its copies, as its text has them."""

    seconds: float
    prompt: int
    tokens: int
    candidates: int
    copy: float


@dataclass(frozen=True)
class Load:
    """What a closed loop saw. seconds: from its begin to its end. cpu: seconds of the server."""

    answers: tuple[Answered, ...]
    seconds: float
    cpu: float


@functools.cache
def _vocabulary() -> sentencepiece.SentencePieceProcessor:
    """The embedded release's."""
    return sentencepiece.SentencePieceProcessor(model_file=str(EMBEDDED / "spm.model"))


def tokens_of_copy(answer: dict[str, Any]) -> float:
    """Tokens of an answer's average copy, as its text has them."""
    texts = [variant["text"] for variant in answer["variants"]]
    return statistics.fmean(map(len, _vocabulary().encode(texts)))


def examples(server: Server) -> list[dict[str, Any]]:
    """The function's own example briefs, one of each type, once it listens."""
    return briefs(server.port)


def closed_loop(
    server: Server, bodies: Sequence[dict[str, Any]], concurrency: int, requests: int
) -> Load:
    """`requests` in all, from `concurrency` callers, the bodies in turn.

    Raises RuntimeError if one is not answered with a 200.
    """
    todo = itertools.islice(itertools.cycle(bodies), requests)
    turn = threading.Lock()
    answers: list[Answered] = []
    failed: list[Exception] = []

    def call() -> None:
        with contextlib.closing(server.connect()) as connection:
            while not failed:
                with turn:
                    body = next(todo, None)
                if body is None:
                    return
                start = time.perf_counter()
                try:
                    answer = ask(connection, body)
                except FAILURES as error:
                    failed.append(error)
                    return
                took = time.perf_counter() - start
                prompt, tokens, candidates = (answer["usage"][name] for name in COUNTS)
                copy = tokens_of_copy(answer)
                answers.append(Answered(took, prompt, tokens, candidates, copy))

    callers = [threading.Thread(target=call) for _ in range(concurrency)]
    cpu, start = server.cpu_seconds(), time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if failed:
        raise RuntimeError(f"under load: {failed[0]}") from failed[0]
    seconds = time.perf_counter() - start
    return Load(tuple(answers), seconds, server.cpu_seconds() - cpu)
