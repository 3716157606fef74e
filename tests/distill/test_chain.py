"""The whole chain on a deck of 30 rows: one command, and what it leaves is served over HTTP."""

import shutil
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from distill.cli import BUCKET_COMMANDS, COMMANDS, main
from distill.recipe import Recipe, read_recipe
from distill.shipped import shipped_recipes
from finetune.deck import load_deck
from finetune.stage import StageError, read_metadata
from tests.function.server import deployable, running
from tests.tiny_models import chain_recipe


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A recipe over 30 rows and the directory in which its chain has run."""
    directory = tmp_path_factory.mktemp("chain")
    recipe = chain_recipe(directory)
    assert main(["chain", "--recipe", str(recipe), "--out", str(directory / "runs")]) == 0
    return recipe, directory / "runs"


def test_every_stage_leaves_its_metadata(chain: tuple[Path, Path]) -> None:
    _, runs = chain
    stages = {d.name: read_metadata(d).stage for d in sorted(runs.iterdir())}
    assert stages == {
        "labels": "label",
        "release": "convert",
        "student": "student",
        "teacher": "finetune",
    }
    deck = load_deck(read_recipe(str(chain[0])).deck)
    assert all(read_metadata(d).inputs["deck"] == deck.digest for d in runs.iterdir())


def test_running_the_chain_again_does_nothing_and_says_so(
    chain: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = chain
    before = {f: f.stat().st_mtime_ns for f in runs.rglob("*") if f.is_file()}
    assert main(["chain", "--recipe", str(recipe), "--out", str(runs)]) == 0
    assert capsys.readouterr().out.count("up to date") == 4
    assert {f: f.stat().st_mtime_ns for f in runs.rglob("*") if f.is_file()} == before


def test_the_release_is_published_and_a_running_function_serves_it(
    chain: tuple[Path, Path], gcs_server: str, bucket: storage.Bucket, tmp_path: Path
) -> None:
    _, runs = chain
    assert main(["publish", str(runs / "release"), f"gs://{bucket.name}"]) == 0
    deployable(tmp_path / "function")
    uri = f"gs://{bucket.name}"
    with running(tmp_path / "function", MODEL_URI=uri, STORAGE_EMULATOR_HOST=gcs_server) as server:
        answer = server.copy(tone="casual")
        release = server.ask("GET", "/info").json["release"]
    assert answer.status in (200, 422), "a student of 80 steps may well write nothing of use"
    assert release["digest"] == read_metadata(runs / "release").metrics["digest"]
    assert release["source"] == "bucket"


def test_a_changed_recipe_runs_only_what_depends_on_it(
    chain: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, runs = chain
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    changed = tmp_path / "recipe.toml"
    changed.write_text(recipe.read_text().replace("\nrows = 4", "\nrows = 3"))
    assert main(["chain", "--recipe", str(changed), "--out", str(copy)]) == 0
    assert capsys.readouterr().out.count("up to date") == 3


class TestRecipes:
    """Recipes are typed and strict."""

    @pytest.mark.parametrize("name", shipped_recipes())
    def test_shipped_ones_parse(self, name: str) -> None:
        assert isinstance(read_recipe(name), Recipe)

    def test_they_are_three_sizes_two_pruned_one_distilled_and_a_benchmark(self) -> None:
        assert shipped_recipes() == [
            "distilled",
            "e2e",
            "further",
            "nano",
            "pruned",
            "small",
            "tiny",
        ]
        assert read_recipe("pruned").student.keep_layers
        widths = [read_recipe(name).student.width for name in ("nano", "tiny", "small")]
        assert widths == sorted(widths)

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("[student]\nwidht = 3", "widht"),
            ("[student]\nwidth = 'wide'", r"student\.width"),
            ("[teacher]\nepochs = 0", r"teacher\.epochs"),
            ("[labels", "recipe.toml"),
            ("[colour]\nred = 1", "colour"),
        ],
    )
    def test_what_is_wrong_is_named(self, tmp_path: Path, text: str, named: str) -> None:
        path = tmp_path / "recipe.toml"
        path.write_text(text)
        with pytest.raises(StageError, match=named):
            read_recipe(str(path))

    def test_an_unknown_name_lists_the_known_ones(self) -> None:
        with pytest.raises(StageError, match="nano, pruned, small, tiny"):
            read_recipe("huge")


class TestCommands:
    """The command line."""

    def test_help_tells_a_newcomer_the_chain(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([]) == 0
        text = capsys.readouterr().out
        for command in [*COMMANDS, *BUCKET_COMMANDS]:
            assert command in text

    def test_an_unknown_command_is_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["distil"]) == 2
        assert "distil" in capsys.readouterr().err

    def test_an_error_is_one_line_and_a_status(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ["convert", "--student", str(tmp_path), "--out", str(tmp_path / "release")]
        assert main(words) == 1
        error = capsys.readouterr().err
        assert error.startswith("tinycopy convert: ")
        assert error.count("\n") == 1
