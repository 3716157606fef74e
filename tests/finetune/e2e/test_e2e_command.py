"""Reading E2E, its briefs, and the command, on files of the official form made here."""

import csv
from pathlib import Path

import msgspec
import pytest

from finetune.deck import DeckSettings, load_deck
from finetune.e2e.consensus import ConsensusSettings, select
from finetune.e2e.consensus import main as consensus
from finetune.e2e.data import Edition, read_cases, read_texts
from finetune.e2e.evaluate import main
from finetune.e2e.result import E2eEvaluation
from finetune.meanings import brief_fields, parse_meaning
from finetune.stage import StageError, read_metadata
from tests.tiny_release import make_release

PLACES = ("The Eagle", "Zizzi", "Cotto", "The Mill", "Strada", "Aromi")


def meaning(name: str, food: str = "French") -> str:
    return f"name[{name}], food[{food}], customer rating[5 out of 5], near[Burger King]"


def write(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["mr", "ref"])
        writer.writerows(rows)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        (meaning("The Eagle"), "The Eagle is a French place near Burger King, rated 5 out of 5."),
        (meaning("Zizzi"), "Zizzi serves French food near Burger King and has 5 stars."),
        (meaning("The Eagle"), "Rated 5 out of 5, The Eagle near Burger King cooks French food."),
    ]
    folder = tmp_path / "data" / "deep"
    folder.mkdir(parents=True)
    write(folder / "devset.csv", rows)
    write(folder / "testset_w_refs.csv", rows)
    return tmp_path / "data"


def test_a_meaning_becomes_a_product_with_features() -> None:
    fields = brief_fields(parse_meaning("name[Zizzi], priceRange[less than £20], near[Clare Hall]"))
    assert fields == {
        "product": "Zizzi",
        "features": ["price range less than £20", "near Clare Hall"],
    }
    twice = brief_fields(parse_meaning("name[Zizzi], eatType[pub], eatType[coffee shop]"))
    assert twice["features"] == ["eat type pub and coffee shop"]
    assert brief_fields(parse_meaning("food[Indian], area[riverside]")) == {
        "prompt": "food Indian; area riverside"
    }


@pytest.mark.parametrize("text", ["", "name", "name[Zizzi] food[French]", "name[Zizzi], [x]"])
def test_what_is_no_meaning_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is empty|is not attribute"):
        parse_meaning(text)


def test_rows_of_one_meaning_are_one_case_with_many_references(data: Path) -> None:
    cases = read_cases(data, Edition.ORIGINAL, "test")
    assert [len(case.references) for case in cases] == [2, 1]
    assert cases[0].brief.product == "The Eagle"
    assert cases[0].brief.features == (
        "food French",
        "customer rating 5 out of 5",
        "near Burger King",
    )


def test_a_deck_of_meanings_keeps_one_meaning_in_one_split(tmp_path: Path) -> None:
    foods = ("French", "Indian", "Italian", "Chinese", "Japanese", "English")
    rows = [
        (meaning(place, food), f"{place} number {i} cooks {food} food near Burger King, 5 of 5.")
        for i in range(2)
        for place in PLACES
        for food in foods
    ]
    path = write(tmp_path / "all.csv", rows)
    settings = DeckSettings(
        path=str(path),
        meaning="mr",
        columns={"copy": "ref"},
        constants={"type": "product_description"},
        word_ranges=False,
        near_duplicate=1.0,
        valid_share=0.2,
        test_share=0.2,
    )
    deck = load_deck(settings)
    splits = [{row.group for row in split} for split in (deck.train, deck.valid, deck.test)]
    assert all(splits)
    assert sum(map(len, splits)) == len({group for groups in splits for group in groups}) == 36
    # A restaurant may be in several splits: what is new at test time is the meaning.
    products = [{row.brief.product for row in split} for split in (deck.train, deck.test)]
    assert products[0] & products[1]


def test_a_meaning_that_cannot_be_read_is_a_bad_row_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path / "train.csv", [(meaning("Zizzi"), "Zizzi is good."), ("Zizzi", "Zizzi is bad.")]
    )
    settings = DeckSettings(
        path=str(path),
        meaning="mr",
        columns={"copy": "ref"},
        constants={"type": "product_description"},
        strict=True,
    )
    with pytest.raises(StageError, match=r"train\.csv:3: `mr`: 'Zizzi' is not attribute"):
        load_deck(settings)


def test_the_references_kept_are_exact_and_those_that_others_agree_with(tmp_path: Path) -> None:
    agreed = "The Eagle is a French place near Burger King, rated 5 out of 5."
    odd = "Burger King has a French neighbour of 5 stars whom locals know as The Eagle."
    wrong = "The Eagle is an Indian place near Burger King, rated 5 out of 5."
    twice = "The Eagle is a French place near Burger King, rated 5 out of 5, French food."
    rows = [(meaning("The Eagle"), text) for text in (odd, wrong, twice, agreed, agreed)]
    nearly = "Zizzi serves French food near Burger King."
    rows += [(meaning("Zizzi"), nearly), (meaning("Zizzi"), "Zizzi is nice.")]
    rows += [(meaning("Cotto"), "Cotto is nice.")]
    write(tmp_path / "trainset.csv", rows)
    out = tmp_path / "out"
    consensus(["--data", str(tmp_path), "--keep", "1", "--out", str(out)])
    with (out / "train.csv").open(newline="", encoding="utf-8") as file:
        kept = list(csv.reader(file))
    expected = [[meaning("The Eagle"), agreed], [meaning("Zizzi"), nearly]]
    assert kept == [["mr", "ref"], *expected]
    metrics = read_metadata(out).metrics
    assert metrics == {"meanings": 3, "references": 8, "rows": 2, "meanings_without": 1}
    more = ConsensusSettings(keep=2)
    select(more, read_cases(tmp_path, Edition.ORIGINAL, "train"), tmp_path / "two")
    assert odd in (tmp_path / "two" / "train.csv").read_text(encoding="utf-8")


def test_references_of_long_meanings_come_again_about_other_places(tmp_path: Path) -> None:
    text = "The Eagle is a French place near Burger King, rated 5 out of 5."
    there = meaning("Zizzi").replace("Burger King", "Clare Hall")
    rows = [(meaning("The Eagle"), text), (there, "Zizzi serves French food, 5 stars.")]
    write(tmp_path / "trainset.csv", rows)
    out = tmp_path / "out"
    consensus(["--data", str(tmp_path), "--long", "2", "--out", str(out)])
    with (out / "train.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.reader(file))[1:]
    moved = [there, "Zizzi is a French place near Clare Hall, rated 5 out of 5."]
    # Four slots are two above the two that come once: four times each, and all say the same.
    assert found.count([meaning("The Eagle"), text]) == 1
    assert found.count(moved) == 3
    # What the text does not say is not renamed.
    zizzi = [meaning for meaning, text in found if "5 stars" in text]
    assert zizzi == [there] + [there.replace("Zizzi", "The Eagle")] * 3


def test_texts_and_files_that_do_not_fit_are_refused(data: Path, tmp_path: Path) -> None:
    cases = read_cases(data, Edition.ORIGINAL, "test")
    (tmp_path / "texts.txt").write_text("only one\n")
    with pytest.raises(StageError, match="has 1 lines for 2 meanings"):
        read_texts(tmp_path / "texts.txt", cases)
    with pytest.raises(StageError, match=r"holds no test-fixed\.csv"):
        read_cases(data, Edition.CLEANED, "test")
    (data / "deep" / "testset_w_refs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StageError, match="its columns are not `mr`"):
        read_cases(data, Edition.ORIGINAL, "test")


def test_cases_may_come_from_a_data_set_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "meaning_representation": meaning("The Eagle"),
        "human_reference": "The Eagle is a French place near Burger King, rated 5 out of 5.",
    }
    asked = []

    def load(builder: str, **options: object) -> list[dict[str, str]]:
        asked.append((builder, options["split"]))
        return [row, row | {"human_reference": "French food at The Eagle."}]

    monkeypatch.setattr(
        "datasets.get_dataset_split_names", lambda *_, **__: ["train", "validation"]
    )
    monkeypatch.setattr("datasets.load_dataset", load)
    [case] = read_cases(Path("someone/e2e"), Edition.ORIGINAL, "valid")
    assert asked == [("someone/e2e", "validation")]
    assert len(case.references) == 2
    with pytest.raises(StageError, match="has no test split"):
        read_cases(Path("someone/e2e"), Edition.ORIGINAL, "test")


def test_calibration_fails_on_outputs_that_score_otherwise(data: Path) -> None:
    with pytest.raises(StageError, match="holds no output of tgen-std"):
        main(["--data", str(data), "--calibrate"])
    runs = data / "system-outputs" / "train-orig_test-orig"
    runs.mkdir(parents=True)
    (runs / "tgen-std.run0.txt").write_text("The Eagle.\nZizzi.\n")
    with pytest.raises(StageError, match=r"not those that are known[^$]*known: BLEU 66\.41"):
        main(["--data", str(data), "--calibrate"])


def test_a_release_is_scored_on_the_benchmark(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release, out = tmp_path / "release", tmp_path / "out"
    release.mkdir()
    make_release(release)
    main(["--data", str(data), "--generator", f"release:tiny={release}", "--out", str(out)])
    result = msgspec.json.decode((out / "e2e.json").read_bytes(), type=E2eEvaluation)
    assert (result.cases, result.human.rate) == (2, 0)
    assert result.entries["tiny"].errors.slots == 8
    assert len((out / "tiny.txt").read_text().splitlines()) == 2
    assert "| tiny |" in capsys.readouterr().out
    main(
        [
            "--data",
            str(data),
            "--generator",
            f"release={release}",
            "--out",
            str(out),
            "--split=test",
        ]
    )
    assert "TGen (published)" in (out / "table.md").read_text()


def test_settings_out_of_range_are_refused_by_name(data: Path, tmp_path: Path) -> None:
    command = ["--data", str(data), "--generator", "base", "--out", str(tmp_path / "out")]
    with pytest.raises(StageError, match="temperature"):
        main([*command, "--temperature", "0"])
    with pytest.raises(StageError, match="beam"):
        main([*command, "--beam", "0"])
