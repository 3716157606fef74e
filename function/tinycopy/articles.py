"""The articles "a" and "an": which of them stands before a phrase, and a phrase without them."""

import re

_SOUNDS_OPEN = re.compile(
    r"(?!U[A-Z])(?i:(?!e[uw]|one\b|once|uni(?!m)|uk|usa|use|usu|uti)[aeiouàâäéèêëîïôöü])"
    r"|(?i:hour|heir|honest)|8|1[18](?!\d|,\d)|18\d\d(?!\d)"
    r"|[FHLMNRSX][A-Z\d]{0,2}\b|[HLMNRX](?![AEIOUHLY])[A-Z]{3,}\b"
)
"""How phrases start that "an" stands before: vowels, eight, eleven, capitals that are spelt out."""
_INDEFINITE = re.compile(r"\A(?:an? |An? (?=[a-z]))")


def takes_an(phrase: str) -> bool:
    """Whether "an" stands before the phrase, not "a"."""
    return _SOUNDS_OPEN.match(phrase) is not None


def without_article(phrase: str) -> str:
    """The phrase without the "a" or "an" that it starts with."""
    return _INDEFINITE.sub("", phrase)
