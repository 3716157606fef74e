"""Make a talk of about ten slides from saved results: one HTML file that works offline.

It is made from what a report is made from, and shows the same figures: see `tinycopy report`. What
is not given is left out. Arrow keys turn the slides.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from finetune.evaluation.inputs import inputs_parser, read_inputs
from finetune.evaluation.offline import offline_page
from finetune.slides.pages import slides
from finetune.slides.parts import Slide
from finetune.stage import digest, say


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
    given = inputs_parser("slides", __doc__, "HTML file to write").parse_args(argv)
    made = slides(read_inputs(given))
    text = page(made)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, encoding="utf-8")
    say(f"slides: {len(made)} in {given.out}, sha256 {digest(text.encode())[:12]}")
