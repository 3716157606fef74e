"""The brief that a teacher's copy fits, where that is not quite the one that it was asked for.

Most copy that a teacher gets wrong has another length than asked for, or lacks a keyword, and is
good copy for the brief that asks for what it has. So it is labelled in hindsight with that brief
(Andrychowicz et al., 2017, do so with the goals of an agent) and not lost.
"""

from collections.abc import Iterable

import msgspec

from distill.briefs import keyword_phrases
from tinycopy.brief import Brief, Length
from tinycopy.checks import run_checks
from tinycopy.wording import has_keyword


def fitted(brief: Brief, copy: str) -> Brief:
    """The brief with the length that the copy has and the keywords that it holds.

    Where it holds none of those asked for, words of the features that it repeats take their place.
    No length may fit; then the brief's own stays.
    """
    if brief.keywords:
        brief = msgspec.structs.replace(brief, keywords=_held(brief.keywords, copy))
        if not brief.keywords:
            phrases = sorted(keyword_phrases(brief.features), key=len, reverse=True)
            brief = msgspec.structs.replace(brief, keywords=_held(phrases, copy)[:1])
    for length in (brief.length, *Length):
        asked = msgspec.structs.replace(brief, length=length)
        if run_checks(asked, copy)["length_in_range"]:
            return asked
    return brief


def _held(keywords: Iterable[str], copy: str) -> tuple[str, ...]:
    return tuple(keyword for keyword in keywords if has_keyword(copy, keyword))
