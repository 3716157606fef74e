"""What stays of a deck and in which split; no product and no near-duplicate copy in two."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finetune.deck import SHIPPED, Deck, DeckError, DeckSettings, Row, load_deck, read_shipped
from finetune.deck_report import tables
from finetune.duplicates import NearIndex, folded, shingles
from finetune.splits import Drop, Drops, Placed, carve, deduplicate, separate
from tests.finetune.test_deck_reading import ROWS, deck_row, json_lines
from tinycopy.brief import Brief, CopyType

NEAR = DeckSettings().near_duplicate


def jaccard(a: str, b: str) -> float:
    one, other = shingles(a), shingles(b)
    return len(one & other) / len(one | other)


def near_pairs(some: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
    """All near pairs, found by counting shared shingles over every pair that has any."""
    holders = defaultdict(list)
    for i, text in enumerate(others):
        for shingle in shingles(text):
            holders[shingle].append(i)
    sizes = [len(shingles(text)) for text in others]
    found = []
    for text in some:
        own = shingles(text)
        shared = Counter(i for shingle in own for i in holders[shingle])
        for i, count in shared.items():
            if count / (len(own) + sizes[i] - count) >= NEAR:
                found.append((text, others[i]))
    return found


def assert_apart(splits: Sequence[Sequence[Row]]) -> None:
    """No product or prompt, and no near-duplicate of copy, of product or of prompt in two."""
    for some, others in combinations(splits, 2):
        assert not {folded(r.group) for r in some} & {folded(r.group) for r in others}
        assert near_pairs([r.copy for r in some], [r.copy for r in others]) == []
        groups = [sorted({r.group for r in split}) for split in (some, others)]
        assert near_pairs(*groups) == []


def test_no_product_and_no_near_duplicate_copy_crosses_the_shipped_splits() -> None:
    assert_apart([read_shipped(split) for split in ("valid", "test", "train")])


@pytest.fixture(scope="module")
def shipped() -> Deck:
    return load_deck(DeckSettings(strict=True))


def test_the_shipped_deck_loads_without_a_bad_row_and_keeps_its_splits(shipped: Deck) -> None:
    assert list(shipped.valid) == read_shipped("valid")
    assert list(shipped.test) == read_shipped("test")
    assert set(read_shipped("train")) >= set(shipped.train)
    assert shipped.report.drops == {"train": {Drop.SAME_COPY: 1}}
    assert all(not Path(name).is_absolute() for name in shipped.report.inputs)


def test_a_part_of_the_shipped_deck_alone_keeps_the_test_split(shipped: Deck) -> None:
    plain, witty = (load_deck(DeckSettings(parts=(part,))) for part in ("plain", "witty"))
    assert set(plain.train).isdisjoint(witty.train)
    assert len(plain.train) + len(witty.train) >= len(shipped.train)
    assert plain.test == witty.test == shipped.test


def test_the_datasheet_has_the_counts_that_the_command_prints(shipped: Deck) -> None:
    assert tables(shipped.report) in (SHIPPED / "README.md").read_text()


NAMES = st.builds(
    " ".join,
    st.lists(
        st.sampled_from(["Aldo", "Birch", "Corvo", "Dune", "Kettle", "Lamp", "Boots", "2", "3"]),
        min_size=1,
        max_size=3,
    ),
)
COPIES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(
        st.sampled_from(
            ["warm", "quiet", "trail", "light", "open", "slow", "cold", "tin", "new", "big"]
        ),
        min_size=2,
        max_size=9,
    ),
    st.sampled_from(["", "!", "."]),
)
SPLIT_NAMES = st.sampled_from(["train", "valid", "test"])


@st.composite
def placed_rows(draw: st.DrawFn) -> list[Placed]:
    rows = draw(st.lists(st.tuples(SPLIT_NAMES, NAMES, COPIES), min_size=1, max_size=30))
    return [
        Placed(split, Row(Brief(type=CopyType.SLOGAN, product=name), copy, name))
        for split, name, copy in rows
    ]


def apart_after(rows: list[Placed], drops: Drops) -> list[list[Row]]:
    kept = deduplicate(separate(rows, NEAR, drops), NEAR, drops)
    return [[p.row for p in kept if p.split == s] for s in ("train", "valid", "test")]


@given(placed_rows())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_given_splits_share_nothing_afterwards_and_every_row_is_accounted_for(
    rows: list[Placed],
) -> None:
    drops = Drops()
    splits = apart_after(rows, drops)
    assert_apart(splits)
    assert sum(map(len, splits)) + sum(c.total() for c in drops.counts.values()) == len(rows)
    for one, other in combinations([r.copy for split in splits for r in split], 2):
        assert jaccard(one, other) < NEAR


@given(placed_rows(), st.integers(0, 9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_carved_splits_share_nothing_and_lose_no_row(rows: list[Placed], seed: int) -> None:
    rows = deduplicate([Placed("train", p.row) for p in rows], NEAR, Drops())
    try:
        carved = carve(rows, {"valid": 0.3, "test": 0.3}, NEAR, seed)
    except DeckError:
        return
    splits = [[p.row for p in carved if p.split == s] for s in ("train", "valid", "test")]
    assert all(splits)
    assert_apart(splits)
    assert [p.row for p in carved] == [p.row for p in rows]


@given(st.lists(COPIES, max_size=25), st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]))
@settings(max_examples=60, deadline=None)
def test_the_index_finds_exactly_the_near_texts(texts: list[str], threshold: float) -> None:
    index = NearIndex(texts, threshold)
    for i, text in enumerate(texts):
        assert index.near(i) == [j for j in range(i) if jaccard(texts[j], text) >= threshold]
        index.add(i)


def unsplit(tmp_path: Path, rows: Sequence[dict[str, object]], **options: object) -> Deck:
    path = json_lines(tmp_path / "deck.jsonl", rows)
    return load_deck(DeckSettings(path=str(path), **options))  # type: ignore[arg-type]


def many_products(count: int) -> list[dict[str, object]]:
    """Three rows for each of `count` products, which are not near each other."""
    parts = ("Ash", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Gale", "Heath", "Iris", "Jade")
    names = [" ".join(pair) for pair in product(parts, ("kettle", "lantern", "saddle", "teapot"))]
    return [
        deck_row(0, product=name, copy=f"{word} {name.lower()} {word}")
        for name in names[:count]
        for word in ("Mornings", "Winter evenings", "Gardens")
    ]


def groups(rows: Sequence[Row]) -> set[str]:
    return {row.group for row in rows}


def test_an_unsplit_deck_is_split_by_product_near_the_shares(tmp_path: Path) -> None:
    options = {"valid_share": 0.2, "test_share": 0.2, "word_ranges": False, "near_duplicate": 0.9}
    deck = unsplit(tmp_path, many_products(40), **options)
    assert not groups(deck.train) & groups(deck.valid) | groups(deck.train) & groups(deck.test)
    assert 3 <= len(groups(deck.valid)) <= 15
    assert 3 <= len(groups(deck.test)) <= 15


def test_the_split_of_a_product_does_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = many_products(40)
    options = {"word_ranges": False, "near_duplicate": 0.9}
    one = unsplit(tmp_path, rows, **options)
    other = unsplit(tmp_path, rows[::-1], **options)
    reseeded = unsplit(tmp_path, rows, seed=1, **options)
    assert groups(one.valid) == groups(other.valid)
    assert groups(one.valid) != groups(reseeded.valid)


def test_a_lacking_split_is_carved_and_a_given_one_is_left_alone(tmp_path: Path) -> None:
    files = {
        "train": str(json_lines(tmp_path / "a.jsonl", ROWS[:5])),
        "test": str(json_lines(tmp_path / "b.jsonl", ROWS[5:])),
    }
    deck = load_deck(DeckSettings(files=files))  # type: ignore[arg-type]
    assert deck.report.kept == {"train": 4, "valid": 1, "test": 1}
    assert deck.test[0].copy == ROWS[5]["copy"]


def test_too_few_products_to_split_are_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(DeckError, match="valid_share"):
        unsplit(tmp_path, ROWS[:2])


def test_what_given_splits_share_is_dropped_from_training_and_counted(tmp_path: Path) -> None:
    near_copy = str(ROWS[5]["copy"]) + "!"
    train = [
        *ROWS[:3],
        deck_row(5, copy="A wholly different line of words"),
        deck_row(5, product=" FJORD  mug", copy="Another wholly different set of words"),
        deck_row(3, copy=near_copy),
    ]
    files = {
        "train": str(json_lines(tmp_path / "train.jsonl", train)),
        "valid": str(json_lines(tmp_path / "valid.jsonl", ROWS[4:5])),
        "test": str(json_lines(tmp_path / "test.jsonl", ROWS[5:])),
    }
    report = load_deck(DeckSettings(files=files)).report  # type: ignore[arg-type]
    assert report.kept == {"train": 3, "valid": 1, "test": 1}
    assert report.drops == {"train": {Drop.SPLIT_GROUP: 2, Drop.SPLIT_COPY: 1}}


def test_every_drop_is_counted_by_its_reason(tmp_path: Path) -> None:
    long_copy = "A kettle for people who boil a great deal of water every single day of the week"
    rows = [
        *ROWS,
        deck_row(0, copy="Kettle"),
        deck_row(0, copy=long_copy),
        deck_row(0, copy=" ".join(["word"] * 130)),
        deck_row(1, copy=str(ROWS[0]["copy"]).upper()),
        deck_row(1, copy=long_copy, type="product_description", length="short"),
        deck_row(2, copy=long_copy + " now", type="product_description", length="short"),
    ]
    report = unsplit(tmp_path, rows, strict=True).report
    assert report.drops == {
        "train": {
            Drop.TOO_FEW_WORDS: 1,
            Drop.OUTSIDE_RANGE: 1,
            Drop.TOO_MANY_WORDS: 1,
            Drop.SAME_COPY: 1,
            Drop.NEAR_COPY: 1,
        }
    }
    assert report.read["train"] == sum(report.kept.values()) + 5


def test_a_deck_has_the_digest_of_its_rows_and_not_of_its_files(tmp_path: Path) -> None:
    plain = load_deck(DeckSettings(path=str(json_lines(tmp_path / "a.jsonl", ROWS))))
    packed = load_deck(DeckSettings(path=str(json_lines(tmp_path / "a.jsonl.gz", ROWS))))
    fewer = load_deck(DeckSettings(path=str(json_lines(tmp_path / "b.jsonl", ROWS[1:]))))
    assert plain.digest == packed.digest != fewer.digest
    assert plain.report.inputs != packed.report.inputs


def test_the_shipped_files_say_nothing_about_when_they_were_packed() -> None:
    for path in SHIPPED.glob("*.jsonl.gz"):
        assert path.read_bytes()[4:8] == bytes(4)
