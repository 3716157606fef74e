"""Copy as callers get it: from a release in this process, or from a running function.

Both sample candidates and rank them by the checks, as deployed. A seed makes them start a fresh
random generator, which callers without one do not pay for; so a copy's time is that of asking
once more without a seed.
"""

import http
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import sentencepiece
import urllib3
from tqdm import tqdm

from finetune.generators.generate import Copy, Likelihood
from finetune.stage import StageError
from tinycopy.brief import Brief
from tinycopy.errors import NoUsableCopy
from tinycopy.manifest import ReleaseError
from tinycopy.model import END, Model
from tinycopy.release import embedded
from tinycopy.student import Student

_RETRIES = urllib3.Retry(
    total=5,
    status_forcelist=(http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE),
    allowed_methods=None,
    backoff_factor=0.5,
    raise_on_status=False,
)
_BATCH = 32


class Release:
    """A release's directory, read and loaded as the function does."""

    def __init__(self, directory: Path) -> None:
        try:
            release = embedded(directory)
            files = release.files
            self._student = Student.of(release)
        except ReleaseError as error:
            raise StageError(f"release {directory}: {error}") from error
        self._spm = sentencepiece.SentencePieceProcessor(model_proto=files["spm.model"])
        self._model = Model(files)

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. A brief for which no candidate is usable gets no text."""
        rows = tqdm(briefs, desc="write", unit="brief", disable=None)
        return [self._write(brief, variants, seed) for brief in rows]

    def _write(self, brief: Brief, variants: int, seed: int) -> list[Copy]:
        start = time.perf_counter()
        self._attempt(brief, variants, None)
        ms = 1000 * (time.perf_counter() - start) / variants
        copies = [Copy(t, n, ms) for t, n in self._attempt(brief, variants, seed)]
        return copies + [Copy("", 0, ms)] * (variants - len(copies))

    def _attempt(self, brief: Brief, variants: int, seed: int | None) -> list[tuple[str, int]]:
        try:
            written = self._student.write(brief, variants, seed)
        except NoUsableCopy:
            return []
        return [(variant.text, variant.tokens) for variant in written.variants]

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        """See Generator. The copy is scored as the student writes it, with slots."""
        marked = [self._student.marked(brief) for brief in briefs]
        sources = [[*self._spm.encode(one.source, out_type=str), END] for one in marked]
        targets = [
            self._spm.encode(one.extract(copy), out_type=str)
            for one, copy in zip(marked, copies, strict=True)
        ]
        found: list[list[float]] = []
        for start in range(0, len(sources), _BATCH):
            batch = slice(start, start + _BATCH)
            found += self._model.score(sources[batch], targets[batch])
        return [Likelihood(sum(scores), len(scores)) for scores in found]


class _Digest(msgspec.Struct, frozen=True):
    digest: str


class _Info(msgspec.Struct, frozen=True):
    release: _Digest | None = None


class _Variant(msgspec.Struct, frozen=True):
    text: str


class _Usage(msgspec.Struct, frozen=True):
    completion_tokens: int
    candidates: int


class _Answer(msgspec.Struct, frozen=True):
    variants: list[_Variant]
    usage: _Usage


class Url:
    """A running function. One request after another; a busy function is asked again."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=_RETRIES, timeout=60.0)

    def digest(self) -> str | None:
        """The digest of the release that serves; None where /info does not tell."""
        try:
            release = msgspec.json.decode(self._ask("GET", "/info").data, type=_Info).release
        except msgspec.DecodeError:
            return None
        return release.digest if release else None

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. `ms` is what the client waits; a brief that is refused (422) gets no text.

        The answer tells the tokens of all candidates, so `tokens` is their mean. Raises StageError
        for any other answer than copy, with its status and the start of its body.
        """
        rows = tqdm(briefs, desc="write", unit="brief", disable=None)
        return [self._write(brief, variants, seed) for brief in rows]

    def _write(self, brief: Brief, variants: int, seed: int) -> list[Copy]:
        start = time.perf_counter()
        self._attempt(brief, variants, None)
        ms = 1000 * (time.perf_counter() - start) / variants
        answer = self._attempt(brief, variants, seed)
        if answer is None:
            return [Copy("", 0, ms)] * variants
        tokens = round(answer.usage.completion_tokens / max(1, answer.usage.candidates))
        copies = [Copy(variant.text, tokens, ms) for variant in answer.variants]
        # A function may find fewer distinct copies than asked for.
        return copies + [Copy("", 0, ms)] * (variants - len(copies))

    def _attempt(self, brief: Brief, variants: int, seed: int | None) -> _Answer | None:
        fields = msgspec.to_builtins(brief) | {"variants": variants, "seed": seed}
        given = {name: value for name, value in fields.items() if value is not None}
        response = self._ask("POST", "/v1/copy", msgspec.json.encode(given))
        if response.status == http.HTTPStatus.UNPROCESSABLE_ENTITY:
            return None
        if response.status != http.HTTPStatus.OK:
            body = response.data[:200].decode(errors="replace")
            raise StageError(f"{self._url}/v1/copy answered {response.status}: {body}")
        try:
            return msgspec.json.decode(response.data, type=_Answer)
        except msgspec.DecodeError as error:
            raise StageError(f"{self._url}/v1/copy: its answer is not copy: {error}") from error

    def _ask(self, method: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            return self._pool.request(method, self._url + path, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise StageError(f"{self._url}{path}: {error}; is the function running?") from error

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> None:
        """See Generator: a function tells no likelihoods."""
