"""The form of copy: whether it is finished, clean, and free of repetition."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable

from tinycopy.spans import NUMBER
from tinycopy.wording import Pattern, straight, words

_NEVER_LAST = words("a an the and or nor of than your our its their my every & plus")
_SELDOM_LAST = words(
    """with from by to for into onto upon as but that which whose if because while has will would
    could should might must includes including featuring per"""
)
_STRANDED = Pattern(
    r"\b(?:have|has|had|need|needs|want|wants|used|try|hold|look|\w+ed|ask|care|go|there|here|it)",
    r" (?:to|for|with|from|by|into|that|will|would|could|should|must)\W*$",
    r"|\b(?:fix|do|it|for|grow|like) (?:that|into)\W*$|\b(?:who|what|where|how|which)\b.*$",
    flags=re.IGNORECASE,
)
"""Ends that look cut off but are English: "accounted for", "we'll fix that"."""
_SENTENCE_END = Pattern(r"[.!?…][\"')\]\u201d\u2019]*$")
_LAST_WORD = Pattern(r"([\w'&+-]+)\W*$")
_TAIL_BROKEN = Pattern(r"[,;:\-\u2013\u2014/&(\[+=]$")
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"))


def is_finished(text: str, *, in_sentences: bool) -> bool:
    """Whether the copy does not break off, and closes its quotes and brackets.

    in_sentences: it must end like a sentence, or with a hashtag, address or emoji.
    """
    end = text.rstrip()
    if not end or _TAIL_BROKEN.search(end) or end.count('"') % 2:
        return False
    if any(end.count(opening) != end.count(closing) for opening, closing in _PAIRS):
        return False
    ends_sentence = _SENTENCE_END.search(end) is not None
    if in_sentences and not ends_sentence:
        last = end.split()[-1]
        if last[-1].isalnum() and not last.startswith(("#", "@")) and "." not in last:
            return False
    word = _LAST_WORD.search(end)
    last = word[1].lower() if word else ""
    if last in _NEVER_LAST:
        return False
    return ends_sentence or last not in _SELDOM_LAST or _STRANDED.search(end) is not None


_TWICE = Pattern(r"(?<![\w'-])([\w']+)\s+\1(?![\w'-])")
_TWICE_IDIOMS = words("knock tap gobble bye had very chop yum ha click")
_SENTENCE_BREAK = Pattern(r"(?<=[.!?])\s+")
_WORD = Pattern(r"[\w'&-]+")
_COMMON = words(
    """the and you your for with that this its it's from are our can not but all one has have
    will into out who when they their what than more every his her she him any was off each"""
)


def repeats(text: str, facts: str) -> bool:
    """Whether the copy repeats itself, other than in a word that the brief's facts double.

    A word twice in a row, four words or a sentence again, a figure or two words of substance said
    twice (names aside), or one word more than three times and more often than every twelfth word.
    """
    lowered = straight(text).lower()
    for twice in _TWICE.finditer(lowered):
        if twice[1] not in _TWICE_IDIOMS and f" {twice[0]} " not in f" {facts.lower()} ":
            return True
    tokens = _WORD.findall(lowered)
    grams = list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False))
    sentences = [s for s in _SENTENCE_BREAK.split(lowered) if " " in s]
    if len(set(grams)) < len(grams) or len(set(sentences)) < len(sentences):
        return True
    if _says_twice(straight(text), facts):
        return True
    counts = Counter(token for token in tokens if _is_substance(token))
    return max(counts.values(), default=0) > max(3, len(tokens) // 12)


def says_again(text: str, features: Iterable[str], facts: str) -> bool:
    """Whether a feature of more than one word stands in the copy oftener than in the facts, and
    more than once."""
    said, given = straight(text).lower(), straight(facts).lower()
    phrases = (straight(feature).lower() for feature in features if " " in feature)
    return any(said.count(phrase) > max(1, given.count(phrase)) for phrase in phrases)


def _is_substance(token: str) -> bool:
    return len(token) > 2 and token not in _COMMON


def _says_twice(text: str, facts: str) -> bool:
    """Whether it says a figure more often than the facts do, or two words of substance again."""
    said = Counter(NUMBER.findall(text))
    given = Counter(NUMBER.findall(facts))
    if any(count > max(1, given[figure]) for figure, count in said.items()):
        return True
    tokens = _WORD.findall(text)
    couples = Counter(
        (first.lower(), second.lower())
        for first, second in itertools.pairwise(tokens)
        if not (first[0].isupper() and second[0].isupper())
        and _is_substance(first.lower())
        and _is_substance(second.lower())
    )
    return max(couples.values(), default=0) > 1


_MESS = Pattern(
    r"[\ue000-\uf8ff\ufffd\u2047\x00-\x1f<>|{}\\^`~=]|\*|_(?!\w)",
    r"|,[,.;:!?]|[;:][.,;:!?]|[!?][.,;:]|\.,(?!\s)|(?<!\.)\.\.(?!\.)|\.{4,}|[!?]{2,}",
    r"|\s[,.;!?](?:\s|$)|\s{2,}|--|''|\(\s*\)|\"\"",
    r"|(?:^|[.!?/] )(?:use|for|keywords?|audience|tone|length|product|copy|headline|slogan",
    r"|subject)\s?:",
    r"|\b(?:product description|social post|ad headline|email subject|subject line)\s?:",
    flags=re.IGNORECASE,
)
_LETTER = Pattern(r"\w")


def is_clean(text: str, facts: str) -> bool:
    """Whether the copy is plain text: not empty, no markup, markers, labels or doubled marks.

    It starts with a capital, a digit, or a word that the brief writes in lower case.
    """
    first = _LETTER.search(text)
    if first is None or text != text.strip():
        return False
    if any(mess[0] not in facts or mess[0][-1] in "!? " for mess in _MESS.finditer(text)):
        return False
    opening = text.split()[0].strip("\"'([")
    return not opening[:1].islower() or opening in facts
