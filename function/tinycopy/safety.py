"""The safety filter's language side: abusive words in copy, and briefs that ask for abuse.

docs/safety.md says what the filter catches, what it misses and how that was measured. The words
are in abuse.py; claims that a brief does not support are in claims.py.
"""

import unicodedata
from functools import lru_cache
from itertools import takewhile

from tinycopy import abuse
from tinycopy.brief import Brief
from tinycopy.wording import Pattern, straight, words

_LEET = str.maketrans("@431!05$7+", "aaeiiosstt")
_WORD = Pattern(r"[^\W_]+(?:'[^\W_]+)*")
_STRETCHED = Pattern(r"(\w)\1{2,}")
_SPACED = Pattern(r"(?<!\w)(?:\w[ .*_-]){3,}\w(?!\w)")
_DISGUISED = Pattern(r"(?<!\w)(?=[\w@$!+]*[a-z])(?=[\w@$!+]*[@$!+\d])[\w@$!+]{4,}")
_MASKED = Pattern(r"(?<!\w)[a-z]+[*#]+[a-z*#]*(?!\w)")
_MASK = Pattern(r"[*#]+")
_MASKED_WORDS = words(
    """fuck fucks fucked fucker fucking shit shits shitty cunt cunts bitch bitches nigger niggers
    nigga asshole assholes faggot faggots whore whores slut sluts wanker wankers bastard bullshit
    motherfucker retard retards twat twats"""
)
_PHRASE_HINTS = words(
    "die yourself themselves death you you're kill hurt heil white gas suck lick piss naked"
)
_PHRASE = Pattern(
    r"\b(?:should|must|deserve to|need to) (?:all )?(?:die|be killed|be gassed)\b",
    r"|\b(?:kill|hang|shoot) (?:yourself|yourselves|themselves)\b|\bgo (?:and )?die\b",
    r"|\bdeath to (?:all )?\w+s\b|\bwe(?:'ll| will) (?:kill|hurt|stab|shoot) (?:you|them)\b",
    r"|\bi(?:'ll| will) (?:kill|hurt|stab|shoot) (?:you|him|her|them)\b",
    r"|\bwhite (?:power|supremacy)\b|\bheil hitler\b|\bgas chambers?\b",
    r"|\byou(?:'re| are)? (?:all |such |just )*(?:an? )?(?:\w+ )?",
    r"(?:idiots?|losers?|stupid|ugly|pathetic|worthless|scum|vermin|dumb|fatso)\b",
    r"|\b(?:suck|lick) (?:my|his) (?:dick|cock|balls)\b|\bpiss off\b",
    r"|\bnaked (?:girls|teens|women)\b",
)


@lru_cache(maxsize=1024)
def abusive(text: str) -> str | None:
    """The first abusive word or phrase of `text`, or None.

    Sees through accents, stretched letters ("fuuuck"), digits and signs for letters ("sh1t"),
    letters apart ("f u c k") and masks ("f**k").
    """
    plain = _plain(text)
    tokens = _WORD.findall(plain)
    found = _listed(plain, tokens) or _hateful(tokens)
    if found is None and not _PHRASE_HINTS.isdisjoint(tokens):
        phrase = _PHRASE.search(plain)
        found = phrase[0] if phrase else None
    return found or _disguised(plain)


def _plain(text: str) -> str:
    """Lower case without accents, stretched letters and harmless phrases."""
    lowered = straight(text.lower())
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered)
        lowered = "".join(c for c in decomposed if not unicodedata.combining(c))
    lowered = _STRETCHED.sub(r"\1", lowered)
    for phrase in abuse.HARMLESS:
        lowered = lowered.replace(phrase, " ")
    return lowered


def _listed(plain: str, tokens: list[str]) -> str | None:
    for part in abuse.INSIDE:
        if part in plain:
            return part
    return next((t for t in tokens if t in abuse.WHOLE or t.partition("'")[0] in abuse.WHOLE), None)


def _hateful(tokens: list[str]) -> str | None:
    """A verb of hate before a group of people, or a group said to be vile, three words apart."""
    for i, token in enumerate(tokens):
        after = tokens[i + 1 : i + 4]
        hated = token in abuse.HATE and not abuse.PEOPLE.isdisjoint(after)
        scorned = token in abuse.SCORNED and not abuse.SCORN.isdisjoint(after)
        if hated or scorned:
            return " ".join((token, *after))
    return None


def _disguised(plain: str) -> str | None:
    if "*" in plain or "#" in plain:
        for word in _MASKED.findall(plain):
            if any(_unmasks(word, known) for known in _MASKED_WORDS):
                return word
    for word in (*_DISGUISED.findall(plain), *_SPACED.findall(plain)):
        joined = "".join(c for c in word if c not in " .*_-").translate(_LEET)
        if _listed(joined, [joined, joined.rstrip("i")]):
            return word
    return None


def _unmasks(masked: str, known: str) -> bool:
    """Whether `masked` is `known` with letters starred out, one star for one or more letters."""
    return Pattern(_MASK.sub(".{1,4}", masked)).fullmatch(known) is not None


_USE = words("with use using add include including of some")
_REQUEST = Pattern(
    r"(?<!not )(?<!don't )(?<!never )\b(?:mak(?:e|es|ing) fun of|laugh(?:s|ing)? at) ",
    rf"(?:\w+ ){{0,3}}?(?:{'|'.join(sorted(abuse.TARGETS))})\b",
    r"|(?<!no )(?<!not )(?<!without )(?<!against )\b(?:swear|curse|cuss) words\b",
    r"|(?<!no )(?<!stop )(?<!against )(?<!report )\bhate speech (?:flyer|post|ad|slogan|about)",
    r"|(?<!anti-)(?<!anti )\bbullying (?:post|joke|tweet|slogan)",
)
_REQUEST_HINTS = ("fun of", "laugh", " words", "speech", "bullying")
_FIELDS = ("product", "category", "features", "prompt", "audience", "keywords")


def asks_for_abuse(brief: Brief, opening: str = "") -> str | None:
    """The first field whose text is abusive or asks for abusive copy, or None.

    opening: the words that the copy is to start with.
    """
    fields = {name: getattr(brief, name) for name in _FIELDS} | {"opening": opening}
    for name, value in fields.items():
        texts = value if isinstance(value, tuple) else (value or "",)
        if any(abusive(text) or _requests_abuse(text) for text in texts):
            return name
    return None


def _requests_abuse(text: str) -> bool:
    """Whether a text asks to insult someone, to be offensive or to use foul words.

    "mock our rivals", "make it racist", "a sexist joke", "use slurs"; but not "no swearing",
    "mock turtleneck" or "anti-bullying".
    """
    plain = _plain(text)
    if any(hint in plain for hint in _REQUEST_HINTS) and _REQUEST.search(plain):
        return True
    tokens = _WORD.findall(plain)
    for i, token in enumerate(tokens):
        before = tokens[max(0, i - 3) : i]
        after = list(takewhile(lambda word: word != "for", tokens[i + 1 : i + 6]))
        if not abuse.REFUSE.isdisjoint(before):
            continue
        if token in abuse.INSULT and not abuse.TARGETS.isdisjoint(after):
            return True
        if token in abuse.OFFENSIVE and not (
            abuse.COPY.isdisjoint(after[:3]) and abuse.MAKE.isdisjoint(before)
        ):
            return True
        if token in abuse.FOUL and not _USE.isdisjoint(before):
            return True
    return False
