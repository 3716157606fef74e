"""From a blind sheet and the answers to it to a judgement, without a browser."""

import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from distill.cli import main as tinycopy
from finetune.chosen import choose
from finetune.deck import Row, read_shipped
from finetune.evaluation.assess import EvaluateSettings
from finetune.evaluation.evaluate import Entrant, evaluate
from finetune.generators.generate import Kind, Sampling
from finetune.judge.blind import Form, Key, Sheet, blind, read_key
from finetune.judge.command import SheetSettings, main, make_sheet
from finetune.judge.page import page
from finetune.judge.score import Answers, Judgement, read_answers, score
from finetune.judge.writers import Writer
from finetune.stage import StageError
from tests.finetune.evaluation.test_evaluate import TRAINING, Echo

ROWS = choose(read_shipped("valid"), 30)
SETTINGS = SheetSettings(form=Form.PAIRS, split="valid", limit=30, seed=1, sampling=Sampling())


def texts(word: str) -> list[str]:
    return [f"{word} {i}" for i in range(len(ROWS))]


def sheet_of(form: Form) -> tuple[Sheet, Key]:
    copies = {"teacherly": texts("Warm"), "studious": texts("Cold")}
    return blind(form, [row.brief for row in ROWS], copies, random.SystemRandom())


def first_by_row(key: Key) -> dict[int, str]:
    return {origin.row: origin.labels[0] for origin in key.items.values()}


def preferring(key: Key, label: str, rows: int, rater: str) -> Answers:
    """One rater who prefers `label` for the first `rows` rows, and the other one for the rest."""
    answers = {}
    for item, origin in key.items.items():
        if key.form is Form.PAIRS:
            chosen = (origin.labels[0] == label) == (origin.row < rows)
            answers[item] = "1" if chosen else "2"
        else:
            answers[item] = "4" if (origin.labels[0] == label) == (origin.row < rows) else "2"
    return Answers(key.sheet, key.form, rater, answers)


@pytest.mark.parametrize("form", list(Form))
def test_nothing_on_a_sheet_tells_who_wrote_what(form: Form) -> None:
    sheet, key = sheet_of(form)
    html = page(sheet)
    assert not any(label in html for label in key.labels)
    # What the page is made from has no field that could carry the key.
    assert set(msgspec.to_builtins(sheet)) == {"id", "form", "items"}
    assert {field for item in sheet.items for field in msgspec.to_builtins(item)} == {
        "id",
        "brief",
        "texts",
    }
    assert [item.id for item in sheet.items] == [str(n) for n in range(1, len(sheet.items) + 1)]
    # The same input gives another order each time, so knowing the program does not help.
    again, other = sheet_of(form)
    assert [item.texts for item in again.items] != [item.texts for item in sheet.items]
    assert again.id != sheet.id
    if form is Form.PAIRS:
        # Nor does the row tell the side.
        assert first_by_row(other) != first_by_row(key)


@pytest.mark.parametrize("form", list(Form))
def test_a_key_names_the_writer_of_every_text(form: Form) -> None:
    sheet, key = sheet_of(form)
    words = {"teacherly": "Warm", "studious": "Cold"}
    assert len(sheet.items) == len(ROWS) * (1 if form is Form.PAIRS else 2)
    for item in sheet.items:
        origin = key.items[item.id]
        assert item.texts == [f"{words[label]} {origin.row}" for label in origin.labels]
        assert ("type", ROWS[origin.row].brief.type.value.replace("_", " ")) in item.brief


def test_each_generator_stands_first_as_often_as_second() -> None:
    _, key = sheet_of(Form.PAIRS)
    firsts = Counter(origin.labels[0] for origin in key.items.values())
    assert firsts == {"teacherly": 15, "studious": 15}


def test_rows_with_the_same_copy_are_left_out_and_counted() -> None:
    briefs = [row.brief for row in ROWS]
    second = texts("Warm")
    second[3] = "Something else"
    sheet, key = blind(Form.PAIRS, briefs, {"a": texts("Warm"), "b": second}, random.Random(1))
    assert [origin.row for origin in key.items.values()] == [3]
    assert (len(sheet.items), key.identical) == (1, len(ROWS) - 1)
    with pytest.raises(StageError, match="same copy for every brief"):
        blind(Form.PAIRS, briefs, {"a": second, "b": second}, random.Random(1))


@pytest.mark.parametrize("form", list(Form))
def test_a_judgement_finds_whom_raters_prefer(form: Form) -> None:
    _, key = sheet_of(form)
    answers = [preferring(key, "teacherly", 25, f"rater {n}") for n in range(3)]
    found = score(key, answers)
    assert (found.tally.first, found.tally.second, found.tally.ties) == (25, 5, 0)
    assert found.tally.p is not None
    assert found.tally.p < 0.001
    assert found.alpha == pytest.approx(1)
    assert found.by_rater["rater 1"] == found.tally
    if form is Form.RATINGS:
        assert found.ratings["teacherly"].mean == pytest.approx((25 * 4 + 5 * 2) / 30)
        assert found.ratings["difference"].mean == pytest.approx(2 * (25 - 5) / 30)


def test_rows_and_not_answers_are_counted_and_the_majority_of_raters_decides() -> None:
    _, key = sheet_of(Form.PAIRS)
    answers = [preferring(key, "studious", n, f"rater {n}") for n in (30, 30, 0)]
    found = score(key, [answers[0], msgspec.structs.replace(answers[1], rater="b"), answers[2]])
    assert (found.tally.first, found.tally.second) == (0, 30)
    assert found.tally.win_rate.rows == 30
    assert found.alpha is not None
    assert found.alpha < 0


def test_no_difference_is_a_tie_and_what_is_not_answered_is_left_out() -> None:
    _, key = sheet_of(Form.PAIRS)
    some = list(key.items)[:10]
    one = Answers(key.sheet, key.form, "a", dict.fromkeys(some, "same"))
    found = score(key, [one])
    assert (found.rows, found.tally.ties, found.tally.p, found.alpha) == (10, 10, None, None)
    assert (found.answers, found.questions) == ({"a": 10}, 30)


def test_a_rating_counts_only_beside_the_same_raters_rating_of_the_other() -> None:
    _, key = sheet_of(Form.RATINGS)
    of_row = {origin.labels[0]: item for item, origin in key.items.items() if origin.row == 7}
    alone = Answers(key.sheet, key.form, "a", {of_row["studious"]: "5"})
    with pytest.raises(StageError, match="no complete comparison"):
        score(key, [alone])
    both = Answers(key.sheet, key.form, "b", dict.fromkeys(of_row.values(), "3"))
    assert score(key, [alone, both]).rows == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sheet": "another"}, "answers to sheet another"),
        ({"answers": {"99": "1"}}, r"answers\.99: the sheet has no such question"),
        ({"answers": {"1": "3"}}, r"answers\.1: '3' is none of 1, 2, same"),
        ({"rater": ""}, "rater"),
        ({"rater": "first"}, "a second file of rater 'first'"),
    ],
)
def test_answers_that_do_not_belong_are_refused_with_the_reason(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    _, key = sheet_of(Form.PAIRS)
    first, wrong = tmp_path / "first.json", tmp_path / "wrong.json"
    good = preferring(key, "studious", 30, "first")
    first.write_bytes(msgspec.json.encode(good))
    changed = msgspec.to_builtins(good) | {"rater": "second"} | change
    wrong.write_bytes(msgspec.json.encode(changed))
    with pytest.raises(StageError, match=message):
        read_answers([first, wrong], key)


def writer(label: str, word: str, version: str = "1") -> Writer:
    return Writer(label, version, lambda rows: [f"{word} {i}" for i in range(len(rows))])


def test_a_key_is_never_overwritten_and_the_same_sheet_never_drawn_twice(tmp_path: Path) -> None:
    rows, out = read_shipped("valid"), tmp_path / "sheet"
    make_sheet(SETTINGS, rows, [writer("a", "Warm"), writer("b", "Cold")], out)
    key = read_key(out)
    make_sheet(SETTINGS, rows, [writer("a", "Warm"), writer("b", "Cold")], out)
    assert read_key(out) == key
    with pytest.raises(StageError, match="key of another sheet"):
        make_sheet(SETTINGS, rows, [writer("a", "Warm"), writer("b", "Cold", "2")], out)
    assert read_key(out) == key


def evaluation(out: Path, rows: list[Row], word: str) -> Path:
    """The copies that an evaluation of `rows` leaves."""
    settings = EvaluateSettings(generators=("teacher=echo",), split="valid", limit=8)
    entrant = Entrant(word, Kind.TEACHER, word, lambda: Echo([f"{word} {{}}"]))
    evaluate(settings, rows, TRAINING, [entrant], out)
    return out / "copies" / f"{word}.json"


def test_the_command_judges_saved_copies_against_the_decks_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = evaluation(tmp_path / "evaluation", list(read_shipped("valid")), "echo")
    out, scores = tmp_path / "sheet", tmp_path / "scores"
    command = ["sheet", "--copies", str(saved), "--generator", "deck", "--split", "valid"]
    main([*command, "--limit", "6", "--out", str(out)])
    key = read_key(out)
    assert set(key.labels) == {"echo", "deck"}
    assert len(key.items) == 6
    human = {row.copy for row in choose(read_shipped("valid"), 6)}
    html = (out / "sheet.html").read_text()
    assert all(
        msgspec.json.encode(copy).decode()[1:-1].replace("<", "\\u003c") in html for copy in human
    )
    answers = tmp_path / "answers.json"
    answers.write_bytes(msgspec.json.encode(preferring(key, "deck", 6, "a|b")))
    main(["score", str(out), str(answers), "--out", str(scores)])
    judgement = msgspec.json.decode((scores / "score.json").read_bytes(), type=Judgement)
    assert {judgement.tally.first, judgement.tally.second} == {0, 6}
    table = (scores / "score.md").read_text()
    assert "rater a\\|b" in table
    assert table in capsys.readouterr().out


def test_saved_copies_of_other_rows_are_refused(tmp_path: Path) -> None:
    others = evaluation(tmp_path / "others", list(read_shipped("test")), "echo")
    command = ["sheet", "--generator", "deck", "--split", "valid", "--out", str(tmp_path / "out")]
    with pytest.raises(StageError, match="copies for other rows"):
        main([*command, "--copies", str(others)])
    right = evaluation(tmp_path / "right", list(read_shipped("valid")), "echo")
    with pytest.raises(StageError, match="has copy for 8 rows"):
        main([*command, "--copies", str(right), "--limit", "9"])


def test_the_command_refuses_one_side_or_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["judge", "sheet", "--generator", "deck", "--out", str(tmp_path / "out")]
    assert tinycopy(command) == 1
    assert "name two sides in all" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--limit", "0"], ["--temperature", "0"]])
def test_settings_out_of_range_are_refused_by_name(tmp_path: Path, wrong: list[str]) -> None:
    command = ["sheet", "--generator", "deck", "--generator", "deck", *wrong]
    with pytest.raises(StageError, match=wrong[0].removeprefix("--")):
        main([*command, "--out", str(tmp_path / "out")])


def test_the_command_tells_how_many_comparisons_are_needed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["size", "--win-rate", "0.6", "--ties", "0.2"])
    said = capsys.readouterr().out
    assert "0.2 of them are ties" in said
    assert 230 < int(said.split()[0]) < 270
