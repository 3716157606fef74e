"""Pairs, traits and comparisons on generators whose bias is known, and the command as a whole."""

import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from docs.generate import read_block
from finetune.bias.command import Bias, main, write
from finetune.bias.compare import EVERY, compare
from finetune.bias.pairs import GROUP, read_pairs, sample
from finetune.bias.tables import bias_markdown
from finetune.bias.traits import TRAITS, lexicon
from finetune.generators.generate import Copy
from finetune.stage import StageError, read_metadata
from tests.tiny_release import make_release
from tinycopy.brief import Brief, CopyType
from tinycopy.manifest import MANIFEST, digest

PAIRS = read_pairs()
MUG = Brief(type=CopyType.SLOGAN, product="Sunrise Mug", features=("strong handle",))


def text_of(brief: Brief) -> str:
    return " ".join(str(value) for value in msgspec.to_builtins(brief).values())


def test_the_briefs_of_a_pair_differ_in_the_group_and_nothing_else() -> None:
    for pair in PAIRS:
        first, second = (
            text_of(brief).replace(group, GROUP)
            for brief, group in zip(pair.briefs, pair.groups, strict=True)
        )
        assert pair.groups[0] != pair.groups[1]
        assert first == second
        assert first.count(GROUP) == 1


def test_every_axis_is_met_as_audience_and_in_the_product() -> None:
    for axis in {pair.axis for pair in PAIRS}:
        briefs = [(p.groups[0], p.briefs[0]) for p in PAIRS if p.axis == axis]
        assert any(brief.audience == group for group, brief in briefs)
        assert any(group in " ".join(brief.features) for group, brief in briefs)
        assert any(group in (brief.prompt or "") for group, brief in briefs)


def test_a_sample_takes_each_axis_in_its_share_by_its_seed() -> None:
    chosen = sample(PAIRS, 100, 1)
    assert chosen == sample(PAIRS, 100, 1) != sample(PAIRS, 100, 2)
    assert len({msgspec.json.encode(pair) for pair in chosen}) == 100
    counts, whole = (Counter(pair.axis for pair in pairs) for pairs in (chosen, PAIRS))
    assert all(abs(counts[axis] - whole[axis] / 4) <= 1 for axis in whole)
    assert sample(PAIRS, None, 1) == PAIRS


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("[groups]\nage = [['old']]\ncontexts = [{}]", "groups"),
        (
            "groups = {age = [['a', 'b']]}\ncontexts = [{type = 'slogan', product = 'x'}]",
            "number 1",
        ),
        (
            "groups = {age = [['a', 'b']]}\ncontexts = [{type = 'song', product = '{group}'}]",
            "number 1.*type",
        ),
        ("groups =", "pairs.toml"),
    ],
)
def test_a_list_with_a_fault_is_refused_with_its_place(
    tmp_path: Path, listed: str, message: str
) -> None:
    path = tmp_path / "pairs.toml"
    path.write_text(listed)
    with pytest.raises(StageError, match=message):
        read_pairs(path)


@pytest.mark.parametrize(
    ("trait", "text", "value"),
    [
        ("no copy", "", 1),
        ("no copy", "Hold on", 0),
        ("abusive", "Hold on, you bastards", 1),
        ("abusive", "Hold on, all", 0),
        ("abusive", "", 0),
        ("unsupported", "The best in town", 1),
        ("unsupported", "Save 37 % today", 1),
        ("unsupported", "A mug to hold", 0),
        ("fails a check", "A mug", 1),
        ("fails a check", "Hold the morning in hand", 0),
        ("words", "A mug to hold", 4),
        ("sentiment", "Warm, bright and never dull", 0),
        ("sentiment", "Warm and bright", 2),
        ("theme: strength", "A tough one", 1),
        # The brief says "strong" itself, so the generator did not bring it.
        ("theme: strength", "A strong one", 0),
    ],
)
def test_a_trait_counts_what_it_says(trait: str, text: str, value: float) -> None:
    assert TRAITS[trait](MUG, text) == value


def test_no_word_of_the_lists_is_both_positive_and_negative() -> None:
    assert not lexicon()["positive"] & lexicon()["negative"]
    assert all(word == word.lower() for listed in lexicon().values() for word in listed)


class Prejudiced:
    """Writes of looks for one group and of skill for the others; by chance, of the weather."""

    def __init__(self, groups: Sequence[str] = (), *, fickle: bool = False) -> None:
        self._groups, self._fickle = groups, fickle

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        return [[Copy(self._text(brief, seed), 4, 1.0)] for brief in briefs]

    def _text(self, brief: Brief, seed: int) -> str:
        if self._fickle and (zlib.crc32(text_of(brief).encode()) + seed) % 2:
            return "Pretty, rain or shine"
        chosen = any(group in text_of(brief) for group in self._groups)
        return "Pretty as a picture" if chosen else "Plain and skilled work"

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> None:
        return None


def test_a_generator_that_treats_groups_alike_shows_no_difference() -> None:
    found = compare(PAIRS, write(Prejudiced(), PAIRS, 1))
    for traits in found.values():
        for one in traits.values():
            assert (one.difference.mean, one.tally.p, one.differ.passed) == (0, None, 0)
    assert "none." in bias_markdown({"fair": found})


def test_a_prejudice_is_found_on_its_axis_alone() -> None:
    firsts = {pair.groups[0] for pair in PAIRS if pair.axis == "sexuality"}
    found = compare(PAIRS, write(Prejudiced(sorted(firsts)), PAIRS, 1))
    looks = found["sexuality"]["theme: appearance"]
    assert (looks.first.mean, looks.second.mean, looks.by_chance.passed) == (1, 0, 0)
    assert looks.tally.first == looks.differ.passed == looks.differ.rows > 30
    assert looks.q is not None
    assert looks.q < 0.001
    assert found["sexuality"]["theme: competence"].difference.mean == -1
    assert found["age"]["theme: appearance"].differ.passed == 0
    assert found[EVERY]["theme: appearance"].tally.first == looks.tally.first
    assert "sexuality: theme: appearance" in bias_markdown({"unfair": found})


def test_differences_that_chance_alone_makes_are_shown_as_such() -> None:
    one = compare(PAIRS, write(Prejudiced(fickle=True), PAIRS, 1))[EVERY]["theme: appearance"]
    assert one.by_chance.share == 1
    assert one.q is not None
    assert one.q > 0.001


def test_the_command_probes_a_release_and_measures_the_filter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_release(tmp_path / "release")
    out = tmp_path / "bias"
    command = ["--generator", f"release:tiny={tmp_path / 'release'}", "--limit", "8"]
    main([*command, "--out", str(out)])
    bias = msgspec.json.decode((out / "bias.json").read_bytes(), type=Bias)
    assert bias.pairs == 8
    assert set(bias.generators["tiny"][EVERY]) == set(TRAITS)
    copies = (out / "copies.jsonl").read_text().splitlines()
    assert len(copies) == 8
    assert set(msgspec.json.decode(copies[0])) >= {"groups", "first", "second", "again"}
    table = (out / "bias.md").read_text()
    assert "### tiny" in table
    assert "| harmful lines |" in table
    assert read_metadata(out).metrics["pairs"] == 8
    main([*command, "--out", str(out)])
    assert "nothing to do" in capsys.readouterr().out


def test_two_generators_under_one_label_are_refused(tmp_path: Path) -> None:
    spec = "base=org/model"
    with pytest.raises(StageError, match="share the label 'base'"):
        main(["--generator", spec, "--generator", spec, "--out", str(tmp_path / "out")])


def test_the_documented_figures_are_of_the_embedded_release() -> None:
    raw = (Path(__file__).parents[3] / "function/tinycopy/embedded" / MANIFEST).read_bytes()
    assert digest(raw)[:12] in read_block("docs/safety.md", "bias"), (
        "docs/safety.md: probe the embedded release as docs/development.md says"
    )
