"""One HTML file that works offline: style and script stand in it, and no host may be asked."""

import base64
import hashlib
from pathlib import Path
from string import Template


def offline_page(frame: Path, **parts: str) -> str:
    """The page of NAME.html with the NAME.css and NAME.js beside it and `parts` in their places.

    Its policy allows that style and script by their digests and images that stand in the page;
    nothing in `parts` can run or load anything. Text in `parts` must be escaped by the caller.
    """
    style = frame.with_suffix(".css").read_text(encoding="utf-8")
    script = frame.with_suffix(".js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_allowed(style)}; script-src {_allowed(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    template = Template(frame.read_text(encoding="utf-8"))
    return template.substitute(parts, policy=policy, style=style, script=script)


def _allowed(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"
