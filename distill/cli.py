"""tinycopy: from a deck of briefs and copy to a tiny model that writes copy over HTTP.

The chain, in order (`tinycopy chain` runs it from the deck to the release):

    deck       read a deck, report what is in it and what was dropped
    finetune   deck -> teacher: fine-tune a pretrained language model
    label      teacher -> labels: copy for many briefs, kept if it passes the checks
    student    deck + labels -> student: a small model
    convert    student -> release: CTranslate2 int8, refused if it writes worse
    evaluate   measure any generator: base, teacher, student, release, a running URL
    targets    an evaluation against what copy must reach: floors and aims
    report     evaluations and metadata -> a report in Markdown
    slides     an evaluation and metadata -> a talk in one HTML file
    judge      blind sheets for people to judge two generators, and the score of their answers
    probe-bias does copy change with the group that a brief names? what does the filter stop?
    publish    release -> Cloud Storage; promote, rollback, list and prune releases there
    deploy     the function -> Google Cloud: zip, upload, revision, smoke test, traffic, rollback

On a public benchmark, with its own data: `tinycopy e2e-consensus` and `tinycopy evaluate-e2e`.

Every stage writes metadata.json beside its output, does nothing if its inputs and settings are
those of the output already there, and never leaves half an output. After an interruption
finetune, label, student, chain and evaluate go on with --resume; the others start over. Under
`torchrun -m distill.cli`, finetune, label and student run on many processes. Token ids are kept
for later runs in ~/.cache/tinycopy, or where TINYCOPY_CACHE says; they may be deleted at any time.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from distill.shipped import shipped_recipes
from finetune.stage import StageError, say

DEFAULT_RECIPE = "pruned"
BUCKET_COMMANDS = ("publish", "promote", "rollback", "list", "prune")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. Errors of the domain go to standard error in one line."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    command, rest = words[0], words[1:]
    if command not in COMMANDS:
        print(f"tinycopy: no command {command!r}; see tinycopy --help", file=sys.stderr)
        return 2
    try:
        return COMMANDS[command](rest) or 0
    except StageError as error:
        print(f"tinycopy {command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"tinycopy {command}: interrupted; run it again, with --resume if it has that",
            file=sys.stderr,
        )
        return 130


def _deck(words: Sequence[str]) -> None:
    from finetune.deck_command import main as run

    run(words)


def _evaluate(words: Sequence[str]) -> None:
    from finetune.evaluation.evaluate import main as run

    run(words)


def _evaluate_e2e(words: Sequence[str]) -> None:
    from finetune.e2e.evaluate import main as run

    run(words)


def _e2e_consensus(words: Sequence[str]) -> None:
    from finetune.e2e.consensus import main as run

    run(words)


def _targets(words: Sequence[str]) -> None:
    from finetune.evaluation.targets import main as run

    run(words)


def _report(words: Sequence[str]) -> None:
    from finetune.evaluation.report import main as run

    run(words)


def _deploy(words: Sequence[str]) -> int:
    from deploy.cli import main as run
    from distill.publish import main as publish

    return run(words, publish)


def _slides(words: Sequence[str]) -> None:
    from finetune.slides.command import main as run

    run(words)


def _judge(words: Sequence[str]) -> None:
    from finetune.judge.command import main as run

    run(words)


def _probe_bias(words: Sequence[str]) -> None:
    from finetune.bias.command import main as run

    run(words)


def _bucket(command: str) -> Callable[[Sequence[str]], int]:
    def run(words: Sequence[str]) -> int:
        from distill.publish import main as run

        return run([command, *words])

    return run


def _finetune(words: Sequence[str]) -> None:
    """Deck -> teacher: fine-tune a pretrained language model on the deck's copy."""
    parser = _parser("finetune", _finetune.__doc__)
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs")
    arguments = parser.parse_args(words)
    from distill import stages

    recipe, deck = stages.start(arguments.recipe, arguments.seed, arguments.strict)
    stages.finetune_stage(recipe, deck, arguments.out, arguments.resume, arguments.tensorboard)


def _label(words: Sequence[str]) -> None:
    """Teacher -> labels: copy for many briefs, kept only if it passes the checks."""
    parser = _parser("label", _label.__doc__)
    parser.add_argument(
        "--teacher", type=Path, required=True, help="directory of a teacher, or of a release"
    )
    arguments = parser.parse_args(words)
    from distill import stages

    recipe, deck = stages.start(arguments.recipe, arguments.seed, arguments.strict)
    stages.label_stage(recipe, deck, arguments.teacher, arguments.out, arguments.resume)


def _student(words: Sequence[str]) -> None:
    """Deck + labels -> student: train a small model, new or out of the teacher's layers."""
    parser = _parser("student", _student.__doc__)
    parser.add_argument("--labels", type=Path, help="directory of labels; none: the deck alone")
    parser.add_argument(
        "--teacher",
        type=Path,
        help="directory of a teacher, or of a student to go on from, for its layers",
    )
    arguments = parser.parse_args(words)
    from distill import stages

    recipe, deck = stages.start(arguments.recipe, arguments.seed, arguments.strict)
    stages.student_stage(
        recipe, deck, arguments.labels, arguments.teacher, arguments.out, arguments.resume
    )


def _convert(words: Sequence[str]) -> None:
    """Student -> release: convert to CTranslate2, then compare with PyTorch, or refuse."""
    parser = _parser("convert", _convert.__doc__, resumable=False)
    parser.add_argument("--student", type=Path, required=True, help="directory of a student")
    arguments = parser.parse_args(words)
    from distill import stages

    recipe, deck = stages.start(arguments.recipe, arguments.seed, arguments.strict)
    stages.convert_stage(recipe, deck, arguments.student, arguments.out)


def _chain(words: Sequence[str]) -> None:
    """Deck -> release in one go: teacher, labels, student and release below --out.

    Stages that are up to date are passed over, so the same command goes on after a change; after
    an interruption add --resume.
    """
    arguments = _parser("chain", _chain.__doc__).parse_args(words)
    from distill import stages

    recipe, deck = stages.start(arguments.recipe, arguments.seed, arguments.strict)
    out, resume = arguments.out, arguments.resume
    stages.finetune_stage(recipe, deck, out / "teacher", resume)
    stages.label_stage(recipe, deck, out / "teacher", out / "labels", resume)
    stages.student_stage(recipe, deck, out / "labels", out / "teacher", out / "student", resume)
    stages.convert_stage(recipe, deck, out / "student", out / "release")
    own = "" if arguments.recipe in shipped_recipes() else f"--recipe {arguments.recipe} "
    made = f"--generator release={out / 'release'} --out {out / 'evaluation'}"
    say(f"next: tinycopy evaluate {own}{made}")


def _parser(
    command: str, description: str | None, resumable: bool = True
) -> argparse.ArgumentParser:
    names = ", ".join(shipped_recipes())
    parser = argparse.ArgumentParser(prog=f"tinycopy {command}", description=description)
    parser.add_argument(
        "--recipe", default=DEFAULT_RECIPE, help=f"{names}, or a file (default: {DEFAULT_RECIPE})"
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    parser.add_argument("--seed", type=int, help="in place of the recipe's seeds")
    parser.add_argument("--strict", action="store_true", help="fail at bad rows of the deck")
    if resumable:
        parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    return parser


COMMANDS: dict[str, Callable[[Sequence[str]], int | None]] = {
    "deck": _deck,
    "finetune": _finetune,
    "label": _label,
    "student": _student,
    "convert": _convert,
    "chain": _chain,
    "evaluate": _evaluate,
    "e2e-consensus": _e2e_consensus,
    "evaluate-e2e": _evaluate_e2e,
    "targets": _targets,
    "report": _report,
    "slides": _slides,
    "judge": _judge,
    "probe-bias": _probe_bias,
    "deploy": _deploy,
} | {command: _bucket(command) for command in BUCKET_COMMANDS}


if __name__ == "__main__":
    sys.exit(main())
