"""The sheet as one HTML file that works offline: its style, script and copy all stand in it.

sheet.html is its frame. Its policy allows the inline style and script by their digests and
nothing from any host, so neither copy nor brief can run or load anything.
"""

import base64
import hashlib
from pathlib import Path
from string import Template

import msgspec

from finetune.judge.blind import CHOICES, SAME, Form, Sheet

_HERE = Path(__file__).parent
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
    style, script = (
        (_HERE / f"sheet.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    data = {
        **msgspec.to_builtins(sheet),
        "question": _TITLES[sheet.form],
        "choices": [(choice, _NAMES[sheet.form][choice]) for choice in CHOICES[sheet.form]],
    }
    return Template((_HERE / "sheet.html").read_text(encoding="utf-8")).substitute(
        title=_TITLES[sheet.form],
        policy=(
            f"default-src 'none'; style-src {_allowed(style)}; script-src {_allowed(script)}; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        style=style,
        script=script,
        # Inside a script element only "<" could end it or open a comment.
        data=msgspec.json.encode(data).decode().replace("<", "\\u003c"),
    )


def _allowed(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"
