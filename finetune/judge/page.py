"""The sheet as one HTML file: sheet.html, with sheet.css, sheet.js and the copy in it."""

from pathlib import Path

import msgspec

from finetune.evaluation.offline import offline_page
from finetune.judge.blind import CHOICES, SAME, Form, Sheet

_TITLES = {
    Form.PAIRS: "Which copy would you rather send?",
    Form.RATINGS: "How good is this copy for its brief?",
}
_NAMES = {
    Form.PAIRS: {"1": "Copy 1", "2": "Copy 2", SAME: "No difference"},
    Form.RATINGS: {
        "1": "1: unusable",
        "2": "2: poor",
        "3": "3: fair, after editing",
        "4": "4: good, after a touch",
        "5": "5: ready to send",
    },
}


def page(sheet: Sheet) -> str:
    """The sheet as HTML."""
    data = {
        **msgspec.to_builtins(sheet),
        "question": _TITLES[sheet.form],
        "choices": [(choice, _NAMES[sheet.form][choice]) for choice in CHOICES[sheet.form]],
    }
    return offline_page(
        Path(__file__).parent / "sheet.html",
        title=_TITLES[sheet.form],
        # Inside a script element only "<" could end it or open a comment.
        data=msgspec.json.encode(data).decode().replace("<", "\\u003c"),
    )
