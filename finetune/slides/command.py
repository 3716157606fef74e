"""Make a talk of about ten slides from a saved evaluation: one HTML file that works offline.

EVALUATION is a directory that `tinycopy evaluate` wrote. The stages that made its generators are
found in it; name others, such as the labels, by --stage. Arrow keys turn the slides.
"""

import argparse
from collections.abc import Sequence
from html import escape
from pathlib import Path

from finetune.bias.command import read_bias
from finetune.evaluation.assess import read_evaluation
from finetune.evaluation.offline import offline_page
from finetune.judge.score import read_judgement
from finetune.slides.pages import Saved, Slide, read_latency, slides
from finetune.stage import digest, read_metadata, say


def page(made: Sequence[Slide]) -> str:
    """The slides as one HTML file."""
    sections = "\n".join(
        f'<section id="slide-{n}" aria-label="Slide {n} of {len(made)}" tabindex="-1">'
        f"<h2>{escape(slide.title)}</h2>{slide.body}</section>"
        for n, slide in enumerate(made, 1)
    )
    return offline_page(Path(__file__).parent / "slides.html", slides=sections)


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy slides`. Raises StageError."""
    parser = argparse.ArgumentParser(prog="tinycopy slides", description=__doc__)
    add = parser.add_argument
    add("evaluation", type=Path, metavar="EVALUATION")
    add("--out", type=Path, required=True, help="HTML file to write")
    add("--stage", type=Path, action="append", default=[], help="a stage's output; repeatable")
    add("--judged", type=Path, help="output of `tinycopy judge score`")
    add("--bias", type=Path, help="output of `tinycopy probe-bias`")
    given = parser.parse_args(argv)
    evaluation = read_evaluation(given.evaluation)
    stages = [entry.stage for entry in evaluation.entries.values() if entry.stage]
    saved = Saved(
        evaluation=evaluation,
        latency=read_latency(given.evaluation),
        stages=[*stages, *(read_metadata(directory) for directory in given.stage)],
        bias=read_bias(given.bias) if given.bias else None,
        judgement=read_judgement(given.judged) if given.judged else None,
    )
    made = slides(saved)
    text = page(made)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, encoding="utf-8")
    say(f"slides: {len(made)} in {given.out}, sha256 {digest(text.encode())[:12]}")
