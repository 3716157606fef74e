"""Fuzz a running function for some minutes: bodies near to requests and far from them.

Every answer must be a 200 of the right shape or a problem (RFC 9457, or OpenAI's shape) with a
4xx; anything else is unexpected, and saved with the body that caused it. Fails if an answer was
unexpected, or if resident memory grew by 5 % or more after the first third of the batches, which
warm it up (ten batches in all are enough to tell). `cases` and `problem_of` serve the suite too,
which tries some hundred.
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks import results
from benchmarks.machine import machine
from benchmarks.served import ROOT, Server, Source, apart, serving_python, started
from benchmarks.stats import growth
from tinycopy.brief import (
    MAX_AUDIENCE,
    MAX_CATEGORY,
    MAX_CHARACTERS,
    MAX_FEATURE,
    MAX_FEATURES,
    MAX_KEYWORD,
    MAX_KEYWORDS,
    MAX_PRODUCT,
    MAX_PROMPT,
    CopyType,
    Length,
    Tone,
)
from tinycopy.completions import MODELS
from tinycopy.wire import MAX_OPENING, MAX_TEXT, MAX_VARIANTS

REFUSED = (400, 404, 413, 415, 422, 429)
BATCH = 200
MAX_GROWTH = 0.05


class Fuzzed(results.Result, frozen=True):
    """rss: bytes of all processes after each batch; unexpected: what, why."""

    minutes: float
    seed: int
    requests: int
    statuses: dict[str, int]
    rss: tuple[int, ...]
    unexpected: tuple[str, ...]

    @property
    def growth(self) -> float | None:
        """Of resident memory since it was warm, as a share; None if it is too short to tell."""
        return growth(self.rss, len(self.rss) // 3)

    @property
    def failures(self) -> list[str]:
        """Why this is no good result; empty if it is one."""
        return [*self.unexpected, *results.grew(self.growth, MAX_GROWTH)]


class Case(msgspec.Struct, frozen=True):
    """One POST."""

    path: str
    body: bytes
    media_type: str = "application/json"


def _text(most: int) -> st.SearchStrategy[str]:
    """Any characters but half surrogate pairs, as often as not within the limit of a field."""
    return st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=most),
        st.text("ab \u00e9\u0301\u202e\u200d\ue000\ufffd|{}\\\"'0,.", max_size=2 * most),
    )


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text(20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text(8), inner, max_size=4),
    max_leaves=12,
)


def _texts(most: int, longest: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_text(longest), max_size=most + 1)


SAMPLING: dict[str, st.SearchStrategy[Any]] = {
    "seed": st.integers(-1, 2**53),
    "temperature": st.floats(-0.1, 2.1),
}
BRIEF: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from([str(one) for one in CopyType]),
    "product": _text(MAX_PRODUCT),
    "category": _text(MAX_CATEGORY),
    "features": _texts(MAX_FEATURES, MAX_FEATURE),
    "prompt": _text(MAX_PROMPT),
    "tone": st.sampled_from([str(one) for one in Tone]),
    "length": st.sampled_from([str(one) for one in Length]),
    "audience": _text(MAX_AUDIENCE),
    "keywords": _texts(MAX_KEYWORDS, MAX_KEYWORD),
    "max_characters": st.integers(0, MAX_CHARACTERS + 1),
}
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "/v1/copy": BRIEF
    | SAMPLING
    | {"variants": st.integers(0, MAX_VARIANTS + 1), "opening": _text(MAX_OPENING)},
    "/v1/checks": BRIEF | {"text": _text(MAX_TEXT)},
    "/v1/completions": SAMPLING
    | {
        "model": st.sampled_from([*MODELS, "another"]),
        "prompt": _text(MAX_PROMPT) | st.lists(_text(MAX_PROMPT), max_size=2),
        "n": st.integers(0, MAX_VARIANTS + 1),
        "max_tokens": st.integers(-1, 100),
        "top_p": st.floats(-0.1, 1.1),
        "stop": _text(8) | st.lists(_text(8), max_size=3),
        "user": _text(20),
        "presence_penalty": st.floats(-2, 2),
        "frequency_penalty": st.floats(-2, 2),
        "best_of": st.integers(-1, 6),
        "stream": st.booleans(),
        "echo": st.booleans(),
    },
}
"""Every field of the request to each path, by a value that is right as often as not."""
NEEDED = {"type", "text", "model"}
ABOUT = ({"product", "category", "features"}, {"prompt"})
"""What a brief is about: one of the two."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A request: most of them right but for a field or two, some no request at all."""
    path = draw(st.sampled_from(list(FIELDS)))
    if draw(st.integers(0, 9)) == 7:  # not 0, which is drawn more often
        return Case(path, draw(st.binary(max_size=300)), draw(st.sampled_from(["", "text/plain"])))
    other, about = draw(st.permutations(ABOUT)) if "type" in FIELDS[path] else ABOUT
    fields = {name: kind for name, kind in FIELDS[path].items() if name not in other}
    needed = fields.keys() & (NEEDED | about & {"product", "prompt"})
    body = draw(
        st.fixed_dictionaries(
            {name: fields[name] for name in sorted(needed)},
            optional={name: kind for name, kind in fields.items() if name not in needed},
        )
    )
    if draw(st.integers(0, 2)) == 1:
        for name in draw(st.lists(st.sampled_from([*FIELDS[path], "another"]), max_size=2)):
            body[name] = draw(JUNK)
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return Case(
        path, raw[: draw(st.integers(1, len(raw)))] if draw(st.integers(0, 9)) == 7 else raw
    )


def problem_of(case: Case, status: int, media_type: str, body: bytes) -> str | None:
    """What is wrong with an answer; None if it is what it should be."""
    try:
        answer = json.loads(body)
        if status == 200:
            return _problem_of_success(case, answer)
        if status not in REFUSED:
            return f"status {status}"
        if case.path == "/v1/completions":
            fine = answer["error"]["message"] and media_type == "application/json"
        else:
            fine = answer["status"] == status and answer["type"].startswith("/docs#problem-")
            fine = fine and media_type == "application/problem+json"
    except (ValueError, KeyError, TypeError) as error:
        return f"{status} with {error!r}"
    return None if fine else f"{status} in another shape"


def _problem_of_success(case: Case, answer: Any) -> str | None:
    asked = json.loads(case.body)
    if case.path == "/v1/checks":
        return None if answer["checks"] else "no checks"
    if case.path == "/v1/completions":
        texts, most = [choice["text"] for choice in answer["choices"]], asked.get("n", 1)
    else:
        texts = [variant["text"] for variant in answer["variants"]]
        most = asked.get("variants", 1)
    if not 1 <= len(texts) <= most or not all(text.strip() for text in texts):
        return f"{len(texts)} texts for {most}"
    return None


def _send(server: Server, case: Case) -> tuple[int, str, bytes]:
    connection = server.connect()
    try:
        connection.request("POST", case.path, case.body, {"Content-Type": case.media_type})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()
    finally:
        connection.close()


def fuzz(server: Server, release: str, minutes: float, start: int) -> Fuzzed:
    """Batches of cases, each from the next seed, until the time is up."""
    found, began = machine(ROOT), time.monotonic()
    statuses: Counter[str] = Counter()
    unexpected: list[str] = []
    rss: list[int] = []

    def batch(number: int) -> None:
        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases())
        def one(case: Case) -> None:
            status, media_type, body = _send(server, case)
            statuses[str(status)] += 1
            if (problem := problem_of(case, status, media_type, body)) is not None:
                unexpected.append(f"{problem}: {case.path} {case.body!r}")

        one()

    number = start
    while time.monotonic() < began + 60 * minutes:
        batch(number)
        number += 1
        rss.append(server.memory().rss)
    passed = round((time.monotonic() - began) / 60, 1)
    return Fuzzed(
        machine=found,
        release=release,
        minutes=passed,
        seed=start,
        requests=statuses.total(),
        statuses=dict(statuses),
        rss=tuple(rss),
        unexpected=tuple(unexpected),
    )


def table(result: Fuzzed) -> str:
    """The result as Markdown."""
    rows = [
        ("requests", f"{result.requests:,} in {result.minutes:g} minutes, seed {result.seed}"),
        ("answers", results.counted(result.statuses)),
        ("unexpected", str(len(result.unexpected))),
        ("growth of resident memory", results.grown(result.growth)),
    ]
    return results.under(results.table(("fuzz", "result"), rows), result)


def section() -> str:
    """The saved result as Markdown, for docs/operations.md."""
    return table(results.read("fuzz", Fuzzed))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs it; 1 if an answer was unexpected, or memory grew or may have."""
    parser = results.parser("fuzz", __doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    source = Source("tinycopy", serving_python())
    with apart() as cpu, started(source, cpu) as server:
        _, first = server.first_answer({"type": "slogan", "product": "Acme Shoe"})
        result = fuzz(server, first["model"]["digest"], options.minutes, options.seed)
    return results.finish("fuzz", result, options.out, table(result), result.failures)


if __name__ == "__main__":
    raise SystemExit(main())
