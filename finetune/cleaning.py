"""Text as it comes from files and shops, made plain: no HTML, no odd white space, NFC.

Product and copy go through the same `clean`, so that a name still matches its mention.
Not covered here: mis-decoded text ("cafÃ©"), which no rule repairs safely; fix it at its source.
"""

import html
import re
from html.parser import HTMLParser

from tinycopy.brief import normalise

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_BARE_AMPERSAND = re.compile(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z]\w*;)")
_UNSEEN = ("script", "style")
_WITHIN_WORDS = ("b", "i", "em", "strong", "u", "a", "span", "sup", "sub", "small", "mark", "font")


class _Text(HTMLParser):
    """Collects what a browser would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.shown.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _WITHIN_WORDS:
            self.shown.append(" ")


def clean(text: str) -> str:
    """The text without tags and entities, normalised as a brief is (`tinycopy.brief.normalise`)."""
    # An ampersand that starts no closed entity is a character: "Fish&notebooks" holds no "¬".
    text = _BARE_AMPERSAND.sub("&amp;", text)
    if not _TAG.search(text):
        return normalise(html.unescape(text))
    parser = _Text()
    parser.feed(text)
    parser.close()
    return normalise("".join(parser.shown))
