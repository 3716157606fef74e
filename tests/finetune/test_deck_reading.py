"""Reading a deck from every kind of source, with the place of each bad row."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finetune.deck import Deck, DeckError, DeckSettings, load_deck
from finetune.rows import BadRow

PRODUCTS = ("Aldo Kettle", "Birch Lamp", "Corvo Boots", "Dune Tent", "Ember Stove", "Fjord Mug")
OPENINGS = (
    "Warm mornings",
    "Quiet light",
    "Long trails",
    "Open skies",
    "Slow suppers",
    "Cold hands",
)


def deck_row(number: int, **fields: Any) -> dict[str, Any]:
    """A good row, of a product of its own for each number below 6."""
    row = {
        "product": PRODUCTS[number],
        "category": "household thing",
        "features": ["12 cm wide", "made of tin"],
        "type": "slogan",
        "tone": "casual",
        "length": "medium",
        "audience": None,
        "keywords": [],
        "copy": f"{OPENINGS[number]} begin with {PRODUCTS[number].split()[0]}",
    }
    return row | fields


ROWS = [deck_row(n) for n in range(6)]


def json_lines(path: Path, rows: Sequence[Any]) -> Path:
    """Write rows as JSON Lines; text goes in as it is."""
    lines = [r if isinstance(r, str) else msgspec.json.encode(r).decode() for r in rows]
    content = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def load(tmp_path: Path, path: Path, **settings: Any) -> Deck:
    return load_deck(DeckSettings(path=str(path), cache_dir=str(tmp_path / "cache"), **settings))


def copies(deck: Deck) -> list[str]:
    return sorted(row.copy for row in (*deck.train, *deck.valid, *deck.test))


def bad_rows(tmp_path: Path, path: Path, **settings: Any) -> list[tuple[int, str | None]]:
    report = load(tmp_path, path, **settings).report
    assert all(bad.file == str(path) for bad in report.bad_rows)
    return [(bad.line, bad.field) for bad in report.bad_rows]


@pytest.mark.parametrize("name", ["deck.jsonl", "deck.jsonl.gz", "deck.ndjson"])
def test_json_lines_are_read(tmp_path: Path, name: str) -> None:
    deck = load(tmp_path, json_lines(tmp_path / name, ROWS))
    assert copies(deck) == sorted(row["copy"] for row in ROWS)
    assert deck.train[0].brief.features == ("12 cm wide", "made of tin")


@pytest.mark.parametrize("separator", ["|", ";"])
@pytest.mark.parametrize("name", ["deck.csv", "deck.csv.gz"])
def test_csv_is_read_with_lists_split(tmp_path: Path, name: str, separator: str) -> None:
    path = tmp_path / name
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(
            r | {"features": separator.join(r["features"]), "keywords": ""} for r in ROWS
        )
    deck = load(tmp_path, path)
    assert copies(deck) == sorted(row["copy"] for row in ROWS)
    assert {row.brief.features for row in deck.train} == {("12 cm wide", "made of tin")}
    assert {row.brief.keywords for row in deck.train} == {()}


def test_a_csv_list_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    lines = [f'{r["product"]},slogan,{r["copy"]},"[""one; a"", ""two""]"' for r in ROWS]
    path.write_text("\n".join(["product,type,copy,features", *lines]))
    assert load(tmp_path, path).train[0].brief.features == ("one; a", "two")


def test_parquet_is_read(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "deck.parquet")
    deck = load(tmp_path, tmp_path / "deck.parquet")
    assert copies(deck) == sorted(row["copy"] for row in ROWS)
    assert deck.train[0].brief.features == ("12 cm wide", "made of tin")


def test_the_files_of_a_directory_tell_its_splits(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    json_lines(directory / "train-0.jsonl", ROWS[:2])
    json_lines(directory / "train-1.jsonl.gz", ROWS[2:4])
    json_lines(directory / "validation.jsonl", ROWS[4:5])
    json_lines(directory / "my_test.jsonl", ROWS[5:])
    (directory / "README.md").write_text("not data")
    deck = load(tmp_path, directory)
    assert [len(s) for s in (deck.train, deck.valid, deck.test)] == [4, 1, 1]
    assert deck.test[0].copy == ROWS[5]["copy"]


def test_splits_may_be_named_one_by_one(tmp_path: Path) -> None:
    files = {
        "train": str(json_lines(tmp_path / "a.jsonl", ROWS[:4])),
        "valid": str(json_lines(tmp_path / "b.jsonl", ROWS[4:5])),
        "test": str(json_lines(tmp_path / "c.jsonl", ROWS[5:])),
    }
    deck = load_deck(msgspec.convert({"files": files}, DeckSettings))
    assert deck.report.kept == {"train": 4, "valid": 1, "test": 1}


def test_columns_are_mapped_and_constants_fill_what_data_lacks(tmp_path: Path) -> None:
    rows = [{"id": n, "title": PRODUCTS[n], "text": ROWS[n]["copy"]} for n in range(6)]
    deck = load(
        tmp_path,
        json_lines(tmp_path / "shop.jsonl", rows),
        columns={"product": "title", "copy": "text"},
        constants={"type": "slogan", "tone": "casual", "keywords": []},
        ignore=("id",),
    )
    assert {row.brief.product for row in (*deck.train, *deck.valid, *deck.test)} == set(PRODUCTS)
    assert {row.brief.tone for row in deck.train} == {"casual"}


def test_a_missing_length_is_the_one_that_the_words_of_the_copy_fit(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "length"} for row in ROWS[1:]]
    rows.append(rows[0] | {"product": PRODUCTS[0], "copy": "Boil, pour, breathe"})
    deck = load(tmp_path, json_lines(tmp_path / "deck.jsonl", rows))
    lengths = {r.copy: r.brief.length for r in (*deck.train, *deck.valid, *deck.test)}
    assert lengths["Boil, pour, breathe"] == "short"
    assert lengths[ROWS[1]["copy"]] == "medium"


def test_prompt_rows_are_grouped_by_their_prompt(tmp_path: Path) -> None:
    prompts = [f"a line for {p}" for p in ("my shop", "the fair", "a bike", "two cats", "six tins")]
    rows = [
        {
            "prompt": prompt,
            "type": "slogan",
            "length": "short",
            "copy": f"Come see {n} {prompt[11:]}",
        }
        for n, prompt in enumerate(prompts)
    ]
    deck = load(tmp_path, json_lines(tmp_path / "deck.jsonl", rows), word_ranges=False)
    assert {r.group for r in (*deck.train, *deck.valid, *deck.test)} == set(prompts)


BAD_LINES: list[tuple[Any, str | None]] = [
    ('{"product": "Half', None),
    ("[1, 2]", None),
    (deck_row(0, tone="loud"), "tone"),
    ({"product": "No type", "copy": "Two words"}, "type"),
    (deck_row(0, copy=" "), "copy"),
    (deck_row(0, copy=7), "copy"),
    (deck_row(0, prompt="also this"), "product"),
    (deck_row(0, lenght="short"), "lenght"),
    (deck_row(0, features=["x" * 500]), "features"),
    (deck_row(0, keywords=5), "keywords"),
    (deck_row(0, category="caf\ufffd"), "category"),
]


@pytest.mark.parametrize(("line", "field"), BAD_LINES)
@pytest.mark.parametrize("name", ["deck.jsonl", "deck.jsonl.gz"])
def test_a_bad_json_line_is_skipped_and_named(
    tmp_path: Path, name: str, line: Any, field: str | None
) -> None:
    path = json_lines(tmp_path / name, [*ROWS[:2], "", line, *ROWS[2:]])
    assert bad_rows(tmp_path, path) == [(4, field)]
    report = load(tmp_path, path).report
    assert report.drops == {"train": {"bad row": 1}}
    assert report.read["train"] == 7


def test_bytes_that_are_not_utf_8_make_a_bad_row(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", ROWS)
    path.write_bytes(path.read_bytes().replace(b"Birch Lamp", b"Birch L\xe4mp"))
    assert bad_rows(tmp_path, path) == [(2, "product")]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", ROWS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(tmp_path, path).report.bad_rows == ()


def test_a_bad_csv_row_is_named_by_its_physical_line(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    rows = [f"{r['product']},slogan,{r['copy']}" for r in ROWS]
    rows[0] = f'"{PRODUCTS[0]}",slogan,"Two\nlines and more of it"'
    bad = ["A,slogan", "B,poem,Two words", 'C,slogan,"quoted" badly']
    path.write_text("\n".join(["product,type,copy", rows[0], "", *bad, *rows[1:]]))
    assert bad_rows(tmp_path, path) == [(5, None), (6, "type"), (7, None)]


def test_a_bad_parquet_row_is_named_by_its_number(tmp_path: Path) -> None:
    rows = [*ROWS[:3], deck_row(3, length="huge"), *ROWS[3:]]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "deck.parquet")
    assert bad_rows(tmp_path, tmp_path / "deck.parquet") == [(4, "length")]


def test_a_bad_value_in_a_mapped_column_names_the_column_too(tmp_path: Path) -> None:
    rows = [{("voice" if k == "tone" else k): v for k, v in row.items()} for row in ROWS]
    rows[1]["voice"] = "loud"
    path = json_lines(tmp_path / "deck.jsonl", rows)
    (bad,) = load(tmp_path, path, columns={"tone": "voice"}).report.bad_rows
    assert (bad.line, bad.field) == (2, "tone")
    assert "'voice'" in bad.reason


def test_strict_fails_and_lists_the_bad_rows(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", [*ROWS, deck_row(0, tone="loud"), "{"])
    with pytest.raises(DeckError) as caught:
        load(tmp_path, path, strict=True)
    assert f"{path}:7: `tone`: Invalid enum value 'loud'" in str(caught.value)
    assert f"{path}:8: is not JSON" in str(caught.value)


def test_a_report_names_the_first_bad_rows_and_counts_them_all(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", [*ROWS, *["{"] * 50])
    report = load(tmp_path, path).report
    assert report.drops["train"]["bad row"] == 50
    assert report.bad_rows[0] == BadRow(str(path), 7, None, "is not JSON: Input data was truncated")
    assert len(report.bad_rows) < 50


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deck.jsonl", b""),
        ("deck.jsonl", b"{}\n"),
        ("deck.jsonl.gz", b"not gzip"),
        ("deck.jsonl.gz", gzip.compress(b"{}\n" * 9)[:-9]),
        ("deck.csv", b"product,type,copy\n"),
        ("deck.parquet", b"not parquet"),
        ("deck.xlsx", b"not supported"),
    ],
)
def test_a_file_without_a_usable_row_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DeckError, match=name):
        load(tmp_path, tmp_path / name)


def test_a_missing_file_and_an_empty_directory_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("none.jsonl", "no/such/directory", "empty"):
        with pytest.raises(DeckError, match=name):
            load(tmp_path, tmp_path / name)


def test_a_hub_data_set_that_cannot_be_reached_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(DeckError, match="nobody/nothing"):
        load_deck(DeckSettings(path="nobody/nothing"))


def test_a_mapped_column_that_no_row_has_is_refused(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", ROWS)
    with pytest.raises(DeckError, match="audiance"):
        load(tmp_path, path, columns={"audience": "audiance"}, ignore=("audience",))


@pytest.mark.parametrize(
    "table",
    [
        {"pth": "deck.jsonl"},
        {"columns": {"colour": "x"}},
        {"columns": {"type": "x"}, "constants": {"type": "slogan"}},
        {"path": "a", "files": {"train": "b"}},
        {"files": {"training": "b"}},
        {"path": "a", "parts": ["plain"]},
        {"files": {"train": "b"}, "parts": ["plain"]},
        {"parts": []},
        {"parts": ["formal"]},
        {"min_words": 9, "max_words": 3},
        {"valid_share": 0.6, "test_share": 0.4},
        {"near_duplicate": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, DeckSettings)
