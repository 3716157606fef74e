"""Let people judge two generators blindly: make a sheet, score what comes back, plan how many.

`sheet` writes sheet.html, which raters open in any browser and which works offline, and key.json,
which says who wrote what and which raters must not see. `score` takes the JSON files that raters
send back. `size` says how many comparisons find a difference of a given size.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from finetune.chosen import choose
from finetune.deck import Row
from finetune.generators.generate import Sampling
from finetune.judge.blind import KEY, Form, blind, read_key
from finetune.judge.page import page
from finetune.judge.score import SCORE, read_answers, score
from finetune.judge.size import LEVEL, POWER, needed
from finetune.judge.tables import judgement_markdown
from finetune.judge.writers import Writer, generator, saved, split_rows
from finetune.stage import (
    METADATA,
    Metadata,
    StageError,
    checked,
    digest,
    file_digest,
    read_metadata,
    run_stage,
    say,
)

SHEET = "sheet.html"
TABLE = "score.md"


class SheetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is on a sheet."""

    form: Form
    split: str
    limit: Annotated[int, Meta(ge=1)]
    seed: int
    sampling: Sampling


class ScoreSettings(msgspec.Struct, frozen=True):
    """Scoring has no choices; what it reads decides everything."""


def make_sheet(
    settings: SheetSettings, rows: Sequence[Row], writers: Sequence[Writer], out: Path
) -> Metadata:
    """Write the sheet of two writers and its key into `out`. Raises StageError.

    rows: all rows of the split; see `choose` for which are taken.
    """
    first, second = writers
    if first.label == second.label:
        raise StageError(f"both sides are called {first.label!r}; name one KIND:LABEL=WHERE")
    chosen = choose(rows, settings.limit)
    inputs = {writer.label: writer.digest for writer in writers}
    inputs["rows"] = digest(msgspec.json.encode(chosen))
    _refuse_another_key(out, inputs, settings)

    def work(directory: Path) -> Mapping[str, Any]:
        copies = {writer.label: writer.write(chosen) for writer in writers}
        briefs = [row.brief for row in chosen]
        sheet, key = blind(settings.form, briefs, copies, random.SystemRandom())
        (directory / SHEET).write_text(page(sheet), encoding="utf-8")
        (directory / KEY).write_bytes(msgspec.json.format(msgspec.json.encode(key)) + b"\n")
        return {"questions": len(sheet.items), "identical": key.identical}

    return run_stage(
        "judge sheet", out, inputs=inputs, settings=settings, work=work, resumable=False
    )


def _refuse_another_key(out: Path, inputs: Mapping[str, str], settings: SheetSettings) -> None:
    """A key that is overwritten makes every sheet in raters' hands worthless."""
    if (out / METADATA).exists():
        done = read_metadata(out)
        if (done.inputs, done.settings) != (inputs, msgspec.to_builtins(settings)):
            raise StageError(
                f"{out}: holds the key of another sheet, which raters may have; "
                "choose another --out, or delete it yourself"
            )


def make_score(sheet: Path, answers: Sequence[Path], out: Path) -> Metadata:
    """Score the answers to the sheet in a directory into `out`. Raises StageError."""
    key = read_key(sheet)
    inputs = {path.name: file_digest(path) for path in answers} | {KEY: file_digest(sheet / KEY)}
    if len(inputs) <= len(answers):
        raise StageError("two files of answers share a name; rename one")

    def work(directory: Path) -> Mapping[str, Any]:
        judgement = score(key, read_answers(answers, key))
        content = msgspec.json.format(msgspec.json.encode(judgement))
        (directory / SCORE).write_bytes(content + b"\n")
        (directory / TABLE).write_text(judgement_markdown(judgement), encoding="utf-8")
        return {"rows": judgement.rows, "raters": len(judgement.answers), "alpha": judgement.alpha}

    return run_stage(
        "judge score", out, inputs=inputs, settings=ScoreSettings(), work=work, resumable=False
    )


def _sheet(given: argparse.Namespace) -> None:
    if len(given.generator) + len(given.copies) != 2:
        raise StageError("name two sides in all, each by --generator or by --copies")
    settings = checked(
        {
            "form": given.form,
            "split": given.split,
            "limit": given.limit,
            "seed": given.seed,
            "sampling": {"temperature": given.temperature, "top_p": given.top_p},
        },
        SheetSettings,
    )
    rows = split_rows(given.deck, given.split)
    writers = [generator(text, settings.sampling, settings.seed) for text in given.generator]
    writers += [saved(path, rows, given.split) for path in given.copies]
    metadata = make_sheet(settings, rows, writers, given.out)
    say(
        f"judge: {metadata.metrics['questions']} questions in {given.out / SHEET}; give raters "
        f"that file alone and keep {given.out / KEY} to yourself"
    )


def _score(given: argparse.Namespace) -> None:
    make_score(given.sheet, given.answers, given.out)
    say((given.out / TABLE).read_text(encoding="utf-8"))


def _size(given: argparse.Namespace) -> None:
    count = needed(given.win_rate, power=given.power, level=given.level, ties=given.ties)
    say(
        f"{count} comparisons: a sign test at {given.level:g} then finds a true win rate of "
        f"{given.win_rate:g} with a chance of {given.power:g} or more"
        + (f", if {given.ties:g} of them are ties" if given.ties else "")
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinycopy judge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser
    parts = (_sheet_parser(add), _score_parser(add), _size_parser(add))
    parser.epilog = "\n".join(part.format_usage() for part in parts)
    return parser


def _sheet_parser(add_parser: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = add_parser("sheet", help="two generators -> a blind sheet")
    add, sampling = parser.add_argument, Sampling()
    add(
        "--generator",
        action="append",
        default=[],
        metavar="SPEC",
        help="a side, named as for `tinycopy evaluate`; deck: the deck's own copy",
    )
    add(
        "--copies",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a side that an evaluation saved: its copies/LABEL.json",
    )
    add("--form", choices=[*Form], default=Form.PAIRS, help="default: %(default)s")
    add("--out", type=Path, required=True, help="output directory")
    add("--deck", help="a deck's file, directory or hub id; default: the shipped deck")
    add("--split", choices=("valid", "test"), default="test", help="default: test")
    add("--limit", type=int, default=40, help="briefs, each type in its share; default: 40")
    add("--seed", type=int, default=1, help="of the generators, not of the order; default: 1")
    add("--temperature", type=float, default=sampling.temperature, help="default: %(default)s")
    add("--top-p", type=float, default=sampling.top_p, help="default: %(default)s")
    parser.set_defaults(run=_sheet)
    return parser


def _score_parser(add_parser: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = add_parser("score", help="raters' answers -> who wins")
    parser.add_argument("sheet", type=Path, help="directory that `judge sheet` wrote")
    parser.add_argument("answers", type=Path, nargs="+", help="JSON files that raters saved")
    parser.add_argument("--out", type=Path, required=True, help="output directory")
    parser.set_defaults(run=_score)
    return parser


def _size_parser(add_parser: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = add_parser("size", help="how many comparisons are needed")
    add = parser.add_argument
    add("--win-rate", type=float, required=True, help="the true share that should be found")
    add("--power", type=float, default=POWER, help="chance to find it; default: %(default)s")
    add("--level", type=float, default=LEVEL, help="of the test; default: %(default)s")
    add("--ties", type=float, default=0.0, help="share without a winner; default: 0")
    parser.set_defaults(run=_size)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy judge`. Raises StageError."""
    given = _parser().parse_args(argv)
    given.run(given)
