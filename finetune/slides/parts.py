"""What slides are put together from: tables, plots and samples as HTML, everything escaped."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import msgspec

from finetune.evaluation.tables import Sample, brief_line, shown_name
from finetune.generators.generate import DECK


class Slide(msgspec.Struct, frozen=True):
    """One slide. body: HTML, with everything that was read escaped."""

    title: str
    body: str


def shown(value: Any) -> str:
    """A setting or a figure for people."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def image(title: str, png: bytes) -> str:
    """A plot in the page itself."""
    data = base64.b64encode(png).decode()
    return f'<img alt="Plot: {escape(title)}" src="data:image/png;base64,{data}">'


def sample(sample: Sample, label: str) -> str:
    """A brief with the copy of one label beside the deck's own, and the checks that each fails."""
    rows = [
        (
            shown_name(one),
            sample.copies[one] or "(nothing)",
            ", ".join(sample.failed[one]).replace("_", " "),
        )
        for one in dict.fromkeys((DECK, label))
    ]
    return f"<p><b>{escape(brief_line(sample.brief))}</b></p>" + table(("", "copy", "fails"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows; without a head if that is empty."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, *cells in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
