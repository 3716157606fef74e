"""The harness, from generators to its output directory, on a few rows."""

import http.server
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from finetune.chosen import choose
from finetune.deck import Row, read_shipped
from finetune.evaluation.assess import EvaluateSettings, read_evaluation
from finetune.evaluation.evaluate import Entrant, evaluate, main
from finetune.evaluation.tables import percent
from finetune.generators.generate import (
    DECK,
    DEFAULT_BASE,
    Copy,
    Kind,
    Likelihood,
    Sampling,
    Spec,
    open_generator,
    parse_spec,
)
from finetune.stage import StageError, read_metadata
from tests.tiny_release import make_release
from tinycopy.brief import Brief, CopyType, Length, Tone
from tinycopy.encoding import MARKERS


def row(type_: CopyType, product: str, copy: str, tone: Tone = Tone.PROFESSIONAL) -> Row:
    brief = Brief(
        type=type_, product=product, features=("ready at six",), length=Length.SHORT, tone=tone
    )
    return Row(brief, copy, product)


TRAINING = [
    row(CopyType.SLOGAN, "Emberloaf", "Warm bread before the street is awake."),
    row(CopyType.SLOGAN, "Steepwell", "Pour, wait, drink: tea without a fuss!", Tone.EXCITING),
]
ROWS = [
    row(CopyType.SLOGAN, "Ovenlight", "Bread before dawn"),
    row(CopyType.SLOGAN, "Kettlewise", "Pour wait drink"),
    row(CopyType.AD_HEADLINE, "Larkwell", "Tea that rises early"),
    row(CopyType.EMAIL_SUBJECT, "Ovenlight", "Your loaf is ready"),
]


class Echo:
    """Writes the product's name, twice for every other brief, and counts how often it is asked."""

    def __init__(self, texts: Sequence[str] = ("{} it is", "{0} {0}")) -> None:
        self.asked = 0
        self._texts = texts

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        self.asked += 1
        chosen = [self._texts[i % len(self._texts)] for i in range(len(briefs))]
        return [
            [Copy(text.format(brief.product), 4, 2.0)] * variants
            for brief, text in zip(briefs, chosen, strict=True)
        ]

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        return [Likelihood(-2.0, 2) for _ in briefs]


def entrant(label: str, generator: Echo, digest: str | None = "a") -> Entrant:
    return Entrant(label, Kind.TEACHER, digest, lambda: generator)


def settings_of(limit: int | None = None, seed: int = 1, probe: bool = False) -> EvaluateSettings:
    return EvaluateSettings(generators=("teacher=echo",), limit=limit, seed=seed, probe=probe)


def test_an_evaluation_leaves_scores_samples_plots_and_metadata(tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", Echo())], out)
    evaluation = read_evaluation(out)
    assert list(evaluation.entries) == [DECK, "echo"]
    scores = evaluation.entries["echo"].scores
    assert scores.rows == 4
    assert scores.surprise is not None
    assert scores.surprise.per_token == pytest.approx(2.718281828)
    assert scores.checks["not_repetitive"].passed == 2
    assert scores.broken.passed >= 2
    assert scores.tone is not None
    assert scores.tone.rows == 4
    assert evaluation.entries[DECK].scores.likeness is None
    assert {sample.brief for sample in evaluation.chosen} == {r.brief for r in ROWS}
    worst = evaluation.worst["echo"]
    assert worst
    assert all("not_repetitive" in sample.failed["echo"] for sample in worst[:2])
    table = (out / "table.md").read_text()
    assert "|  | deck | echo |" in table
    assert "not_repetitive" in table
    samples = (out / "samples.md").read_text()
    assert all(r.brief.product in samples and r.copy in samples for r in ROWS if r.brief.product)
    for plot in ("checks.png", "copied.png", "latency.png"):
        assert (out / plot).read_bytes().startswith(b"\x89PNG")
    assert read_metadata(out).metrics["echo"]["rows"] == 4


def test_a_probe_is_scored_by_slice_and_kept_like_other_copies(tmp_path: Path) -> None:
    echo, out = Echo(), tmp_path / "out"
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", echo)], out)
    assert read_evaluation(out).entries["echo"].probe is None
    for _ in range(2):
        evaluate(settings_of(probe=True), ROWS, TRAINING, [entrant("echo", echo)], out)
    assert echo.asked == 2
    entries = read_evaluation(out).entries
    assert entries[DECK].probe is None
    slices = entries["echo"].probe
    assert slices is not None
    assert slices["long name"].checks["names_product"].passed > 0
    table = (out / "table.md").read_text()
    assert f"| long name | 26 | {percent(slices['long name'].all_checks)} |" in table
    assert f"| {percent(slices['all'].checks['names_product'])} |" in table


def test_a_deck_of_one_tone_is_scored_without_tones(tmp_path: Path) -> None:
    evaluate(settings_of(), ROWS, TRAINING[:1], [entrant("echo", Echo())], tmp_path / "out")
    scores = read_evaluation(tmp_path / "out").entries["echo"].scores
    assert scores.tone is None
    assert "| sounds in the tone asked for, % | - | - |" in (tmp_path / "out/table.md").read_text()


def test_the_same_evaluation_again_does_nothing(tmp_path: Path) -> None:
    echo = Echo()
    for _ in range(2):
        evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", echo)], tmp_path / "out")
    assert echo.asked == 1


def test_another_generator_costs_only_that_generator(tmp_path: Path) -> None:
    first, second = Echo(), Echo()
    evaluate(settings_of(), ROWS, TRAINING, [entrant("first", first)], tmp_path / "out")
    both = [entrant("first", first), entrant("second", second, "b")]
    evaluate(settings_of(), ROWS, TRAINING, both, tmp_path / "out")
    assert (first.asked, second.asked) == (1, 1)
    assert list(read_evaluation(tmp_path / "out").entries) == [DECK, "first", "second"]


@pytest.mark.parametrize("change", ["generator", "rows", "seed", "code"])
def test_copies_are_written_anew_when_what_they_come_from_changes(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = Echo()
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", echo)], tmp_path / "out")
    if change == "code":
        monkeypatch.setattr("finetune.evaluation.evaluate.function_digest", lambda: "other code")
    evaluate(
        settings_of(seed=2 if change == "seed" else 1),
        ROWS[:3] if change == "rows" else ROWS,
        TRAINING,
        [entrant("echo", echo, "b" if change == "generator" else "a")],
        tmp_path / "out",
    )
    assert echo.asked == 2


def test_a_generator_that_cannot_be_known_is_asked_every_time(tmp_path: Path) -> None:
    echo = Echo()
    for _ in range(2):
        evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", echo, None)], tmp_path / "out")
    assert echo.asked == 2


class Breaking(Echo):
    """Breaks off instead of writing."""

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        raise KeyboardInterrupt


def test_a_run_that_broke_off_keeps_what_finished_generators_wrote(tmp_path: Path) -> None:
    first = Echo()
    both = [entrant("first", first), entrant("second", Breaking(), "b")]
    with pytest.raises(KeyboardInterrupt):
        evaluate(settings_of(), ROWS, TRAINING, both, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    both[1] = entrant("second", Echo(), "b")
    evaluate(settings_of(), ROWS, TRAINING, both, tmp_path / "out", resume=True)
    assert first.asked == 1


def test_two_generators_under_one_label_are_refused(tmp_path: Path) -> None:
    both = [entrant("same", Echo()), entrant("same", Echo())]
    with pytest.raises(StageError, match="'same'"):
        evaluate(settings_of(), ROWS, TRAINING, both, tmp_path / "out")


def test_a_limit_takes_each_type_in_its_share_whatever_the_order() -> None:
    rows = read_shipped("valid")
    few, more = choose(rows, 40), choose(rows, 80)
    assert choose(rows[::-1], 40) == few
    assert more[:40] == few
    for type_ in CopyType:
        share = sum(r.brief.type == type_ for r in rows) / len(rows)
        assert sum(r.brief.type == type_ for r in few) == pytest.approx(40 * share, abs=1)
    assert len(choose(rows, None)) == len(rows)


def test_a_generator_is_named_by_kind_label_and_where(tmp_path: Path) -> None:
    assert parse_spec("base") == Spec(Kind.BASE, "base", DEFAULT_BASE)
    assert parse_spec("base=org/model") == Spec(Kind.BASE, "base", "org/model")
    assert parse_spec(f"student:nano={tmp_path}") == Spec(Kind.STUDENT, "nano", str(tmp_path))
    assert parse_spec("url=http://localhost:8080/?a=b").where == "http://localhost:8080/?a=b"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("oracle=x", "'oracle' is none of base, teacher"),
        ("teacher", "say where it is, teacher="),
        ("teacher=nowhere/at/all", "is not a directory"),
        ("release=tests", "it has no manifest.json"),
        ("url=localhost", "does not begin with http"),
        ("base:deck=x", "label 'deck'"),
        ("base:a/b=x", "label 'a/b'"),
    ],
)
def test_a_generator_named_wrongly_is_refused_with_the_reason(spec: str, message: str) -> None:
    with pytest.raises(StageError, match=message):
        parse_spec(spec)


class Function(http.server.BaseHTTPRequestHandler):
    """A running function in small: copy for every brief but those of product "Refused"."""

    def do_GET(self) -> None:
        self._answer(200, {"release": {"digest": "d" * 64}})

    def do_POST(self) -> None:
        brief = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
        product = brief.get("product", "Something")
        copy = {
            "variants": [{"text": f"{product} it is", "checks": {}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 24, "candidates": 4},
        }
        status = {"Refused": 422, "Broken": 500}.get(product, 200)
        self._answer(status, copy if status == 200 else {"title": product})

    def _answer(self, status: int, body: object) -> None:
        content = msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Function) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_running_function_is_a_generator(url: str) -> None:
    generator = open_generator(parse_spec(f"url={url}"), Sampling())
    briefs = [ROWS[0].brief, row(CopyType.SLOGAN, "Refused", "").brief]
    written = generator.write(briefs, seed=1)
    assert [[copy.text for copy in copies] for copies in written] == [["Ovenlight it is"], [""]]
    assert written[0][0].tokens == 6
    assert written[0][0].ms > 0
    assert generator.log_likelihoods(briefs, ["a", "b"]) is None


def test_a_function_that_fails_is_no_generator(url: str) -> None:
    generator = open_generator(parse_spec(f"url={url}"), Sampling())
    with pytest.raises(StageError, match="answered 500"):
        generator.write([row(CopyType.SLOGAN, "Broken", "").brief], seed=1)


def test_the_command_evaluates_a_running_function_on_the_shipped_deck(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["--generator", f"url:function={url}", "--split", "valid", "--limit", "5"]
    main([*command, "--out", str(out)])
    assert read_evaluation(out).entries["function"].scores.rows == 5
    main([*command, "--out", str(out)])
    assert "nothing to do" in capsys.readouterr().out


def test_a_release_writes_the_same_copy_for_the_same_seed(tmp_path: Path) -> None:
    make_release(tmp_path)
    generator = open_generator(parse_spec(f"release={tmp_path}"), Sampling())
    briefs = [r.brief for r in ROWS[:2]]
    texts = [[c.text for c in copies] for copies in generator.write(briefs, seed=3)]
    again = [[c.text for c in copies] for copies in generator.write(briefs, seed=3)]
    assert texts == again
    assert not any(marker in text for copies in texts for text in copies for marker in MARKERS)


def test_a_release_finds_some_copy_likelier_than_other_and_counts_the_end(tmp_path: Path) -> None:
    make_release(tmp_path)
    generator = open_generator(parse_spec(f"release={tmp_path}"), Sampling())
    short, long = ROWS[0].copy, ROWS[0].copy + " and long after it"
    found = generator.log_likelihoods([ROWS[0].brief] * 2, [short, long])
    assert found is not None
    assert found[0].sum_logprob > found[1].sum_logprob
    assert found[0].tokens < found[1].tokens
