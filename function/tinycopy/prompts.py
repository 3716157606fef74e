"""A free prompt as the parts of a brief: what is sold, its name, and what is said of it.

A small student writes what slots hold and hardly any other word of a prompt, so a sentence is told
apart into what a form would have asked for. Rules over words, without a grammar of English: words
that ask for copy are left out, "we lend" becomes "lends", and what no rule knows stays as it is.
Not here: what kind of phrase a part is (phrases.py), slots (encoding.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tinycopy.phrases import Kind, as_action, kind
from tinycopy.spans import NAME

_BREAK = re.compile(r"(?:[,;:.!?]+|\s[-\u2013\u2014])(?:\s+(?:and\s+)?|$)|\s[/|]\s")
"""What stands between the parts of a prompt."""
_MOST_WORDS = 12
"""Of a fact; longer ones are cut where a new clause starts, or are no facts."""
_MOST_OF_CATEGORY = 8

_TYPE = (
    r"(?:(?:product|ad|social|email|facebook|instagram|newsletter) )?(?:descriptions?|headlines?|"
    r"slogans?|taglines?|captions?|subjects?(?: lines?)?|posts?|ads?|adverts?|copy|blurbs?|tweets?|"
    r"something|smth|sth|texts?|lines?|paragraphs?|para|flyers?|listings?|invites?|invitations?)"
)
_ASKS = (
    r"(?:(?:hi|hello|hey|hiya|ok|so|please|pls|plz|can you|could you|can i get|can we get|i want|"
    r"i need|i'd like|we want|we need|we'd like|i would like|want|need|needs|help me|help us|just|"
    r"to|quick|maybe|looking for|how about|who fancies|who wants)(?:[ ,]+|$))"
)
_MAKES = (
    r"(?:(?:write|writing|give|make|create|draft|do|get|shout|come up with|think of|"
    r"what would you say)(?![\w-])(?: me| us)?(?: up)?(?: one)?\b ?)"
)
_WORDING = rf"(?:(?:an? |some |the |my |our )?(?:[\w-]+ ){{0,3}}?{_TYPE}\b(?: short)?)"
_AIM = (
    r"(?: (?:please|pls|plz))?(?: ?[,:] ?| )?"
    r"(?:for|about|of|on|to sell|selling|promoting|announcing|saying|that says|telling people)?"
    r"(?: the fact)?(?: that)?\b ?"
)
_TELLS = (
    r"(?:(?:announce|say|explain|mention|introduce|introducing|describe|recommend|promote|"
    r"promoting|advertise|advertising|push|sell|selling|offer|market|launching|present|presenting|"
    r"meet|plug|celebrate|shout about|"
    r"(?:tell|remind|inform|ask|thank|persuade|convince|let|encourage|warn|get|invite|write to)"
    r" (?:our |my |the |all |past )?(?:[\w-]+ ){0,2}?[\w-]+?(?: know| to see)?)"
    r"(?: (?:that|about|of|to|know|members))?\b ?)"
)
_LEAD = re.compile(
    rf"{_ASKS}*(?:{_MAKES}(?:{_WORDING})?{_AIM}|{_WORDING}{_AIM}(?<=[a-z] )|{_TELLS})", re.I
)
"""What asks for copy before it says of what."""
_REQUEST = re.compile(
    rf"(?:{_ASKS}+|{_MAKES}|thanks|thank you|cheers|(?:keep|make) it |something (?!for)|funny|"
    rf"not too )|.*\b{_TYPE}$",
    re.I,
)
"""A part that only asks for copy, or says how it should sound."""
_SOUND = r"(?:casual|catchy|exciting|formal|funny|professional|punchy|serious|short)"
_WISH = re.compile(
    rf"(?:(?:very )?{_SOUND}(?: (?:and|but|or) {_SOUND})?|"
    rf"(?:and|or|plus|&) (?:[\w-]+ ){{0,2}}?{_TYPE})(?: (?:please|pls|plz))?",
    re.I,
)
"""What a request for copy goes on with that says nothing of the product."""
_VERSIONS = re.compile(r".*\bversions?(?: (?:please|pls|plz))?", re.I)
"""What only a part that asks for copy can ask for; products come in versions too."""
_WORD = re.compile(r"\w")
_CALLED = re.compile(
    r"[,(]?\s*\b(?:called|named|known as|under the name(?: of)?|"
    rf"brand(?: name)?(?: is)?:?|(?:the )?name(?:'s| is)?:?)\s+(?:the )?"
    rf"(?P<name>(?-i:{NAME.pattern}))\)?",
    re.I,
)
_BY = re.compile(rf" (?:by|from) (?={NAME.pattern}$)(?=\S+ )")
_DATES = re.compile(
    r"\b(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|"
    r"june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
    re.I,
)
_DETERMINED = re.compile(r"\A(?:an?|the|our|my|this|your)\s+", re.I)
_ADVERBS = r"(?:'ll|'ve| will| also| now| always| can| just| only| mostly| still)*"
_JOINED = r"(?:and |but |so |because |as |where )?"
_FIRST_PERSON = re.compile(rf"{_JOINED}(?:we|i){_ADVERBS} ", re.I)
_SUBJECT = re.compile(rf"{_JOINED}(?:it|he|she|they|you|that|which){_ADVERBS} ", re.I)
_IS = re.compile(
    rf"{_JOINED}(?:(?:it|that|we|i|they|he|she)['\u2019]?(?:s|m|re)|im|'s|is|are|was|were|am|be)"
    r"(?: now| also)? ",
    re.I,
)
_HAS = re.compile(
    rf"{_JOINED}(?:(?:has got|have got|has|have|'ve got|got|with|having|comes? with) |w/ ?)", re.I
)
_TRADES = frozenset("does makes offers runs sells".split())
"""What "we" do with what the copy is about."""
_NEW_CLAUSE = re.compile(
    r" (?=(?:so|but|because|while|where|when|which|that|and (?:we|it|they|you|is|are|has))\b)"
)
_OF_PEOPLE = re.compile(r" who\b.*")
_WHERE = re.compile(
    r" (?=(?:at|in|on|near|from|outside|around) (?:the |our )?(?:[A-Z\d])"
    r"|(?:made|aged|every|each|making|at|with|w/|run|built|serving|selling|offering|in a)(?: |$))"
)
"""Where a noun ends and what is said of its place, time or making starts."""
_NO_NAMES = frozenset(
    """
    all any anyone beginners children christmas dads dogs each easter entry everybody everyone
    everything families four free here i i'm im kids ladies men mums new nobody none one open
    our parents people register six some starts that the theme there these they this three
    tickets today tomorrow training two we what when where who women yes you
    """.split()
)
"""Words that are written with a capital where a sentence starts and name no product."""


@dataclass(frozen=True)
class Parts:
    """What a brief says of its product: name, what it is, facts; or all of it as a prompt."""

    product: str | None = None
    category: str | None = None
    features: tuple[str, ...] = ()
    prompt: str | None = None


def understood(prompt: str) -> Parts:
    """What a prompt says, mostly in its own words; the prompt itself if nothing is told apart."""
    reading = _Reading()
    named = _CALLED.search(prompt)
    if named is not None:
        reading.product = named["name"]
        prompt = f"{prompt[: named.start()]}, {prompt[named.end() :]}"
    for part in _pieces(prompt):
        reading.take(part)
    told = Parts(reading.product, reading.category, tuple(dict.fromkeys(reading.features)))
    return Parts(prompt=prompt) if told == Parts() else told


def _pieces(prompt: str) -> Iterator[str]:
    """The parts between a prompt's marks; a verb alone goes with the next part ("cuts, sews")."""
    held = ""
    for part in _BREAK.split(prompt.strip(" -*\u2022")):
        before, _, verb = part.strip(' "()').rpartition(" ")
        held += part.strip(' "()')
        if as_action(verb) == verb and (not before or NAME.fullmatch(before)):
            held += ", "
        elif held:
            yield held
            held = ""
    if held:
        yield held.removesuffix(", ")


class _Reading:
    """What has been understood so far."""

    def __init__(self) -> None:
        self.product: str | None = None
        self.category: str | None = None
        self.features: list[str] = []
        self._is_first = True

    def take(self, part: str) -> None:
        """Learn from the next part of the prompt."""
        lead = _LEAD.match(part)
        told = part[lead.end() :] if lead else part
        if not _WORD.search(told) or _WISH.fullmatch(told):
            return
        if _VERSIONS.fullmatch(told) if lead else _REQUEST.match(told):
            return
        for clause in _clauses(self._after_name(told)):
            self._clause(clause)
        self._is_first = False

    def _after_name(self, part: str) -> str:
        """The part without the product's name, if it starts with it or ends "by" it."""
        start = 4 if part.startswith("the ") else 0
        name = NAME.match(part, start)
        if name is not None:
            rest = part[name.end() :].lstrip()
            if name[0] == self.product or (self.product is None and self._names(name[0], rest)):
                self.product = name[0]
                verb, _, what = rest.partition(" ")
                return rest if _states(rest) else f"{as_action(verb) or verb} {what}".strip()
        by = _BY.search(part)
        if by is not None and self.product is None and not _DATES.search(part[by.end() :]):
            self.product = part[by.end() :]
            return part[: by.start()]
        return part

    def _names(self, name: str, rest: str) -> bool:
        """Whether a capitalised start of a part is the product's name, by what follows it."""
        words = name.split()
        if _DATES.search(name) or (len(words) == 1 and name.lower() in _NO_NAMES):
            return False
        following = rest.split(" ", 1)[0].lower().rstrip(",")
        verb = as_action(following) if following else None
        follows = verb == following or (verb and ("&" in words or name.endswith("s")))
        if len(words) > 1:
            return bool(not rest or follows or _states(rest) or _WHERE.match(f" {rest}"))
        return not rest or (self._is_first and bool(follows or _states(rest)))

    def _clause(self, clause: str) -> None:
        fact, subject, is_noun = _fact(clause)
        if subject and self.category is None:
            self._noun(subject)
        if not fact:
            return
        if self.category is None and (
            is_noun or (is_noun is None and self._starts_with_noun(fact))
        ):
            self._noun(fact)
        else:
            self.features.append(fact)

    def _starts_with_noun(self, fact: str) -> bool:
        return not self.features and kind(fact) in (Kind.ONE, Kind.STUFF, Kind.THING, Kind.THINGS)

    def _noun(self, phrase: str) -> None:
        noun, *rest = _WHERE.split(_OF_PEOPLE.sub("", phrase), maxsplit=1)
        bare = _DETERMINED.sub("", noun)
        if bare and bare.count(" ") < _MOST_OF_CATEGORY:
            self.category = bare
            self.features += rest
        elif bare:
            self.features.append(phrase)


def _clauses(part: str) -> Iterator[str]:
    """A part as it is, or in pieces of which each says one thing."""
    held = ""
    for clause in _NEW_CLAUSE.split(part.strip()):
        first, _, rest = clause.partition(" ")
        verb = rest.split(" ", 1)[0].lower()
        if held and (first not in ("that", "which") or _states(rest) or as_action(verb)):
            yield from _shorter(held)
            held = ""
        held = f"{held} {clause}".strip()
    yield from _shorter(held)


def _shorter(clause: str) -> Iterator[str]:
    """A clause that is too long for one fact, cut at the first "and" after three words."""
    at = clause.find(" and ", len(" ".join(clause.split(" ")[:3])))
    if clause.count(" ") < _MOST_WORDS or at < 0:
        yield from [clause] if clause else []
    else:
        yield clause[:at]
        yield from _shorter(clause[at + len(" and ") :])


def _states(rest: str) -> bool:
    return bool(_IS.match(rest) or _HAS.match(rest))


def _fact(clause: str) -> tuple[str, str, bool | None]:
    """What a clause says, as it could stand after "it" or "with"; the noun that it says it of; and
    whether what it says is a noun itself, None if it may be."""
    if (stated := _IS.match(clause)) is not None:
        rest = clause[stated.end() :]
        return rest, "", _DETERMINED.match(rest) is not None
    if (stated := _HAS.match(clause)) is not None:
        return clause[stated.end() :], "", False
    for pattern in (_FIRST_PERSON, _SUBJECT):
        if (subject := pattern.match(clause)) is not None:
            rest = clause[subject.end() :]
            verb, _, what = rest.partition(" ")
            action = as_action(verb.lower())
            if _states(rest):
                return _fact(rest)
            if pattern is _FIRST_PERSON and what and (action is None or action in _TRADES):
                return what, "", True
            if action is not None:
                return f"{action} {what}".strip(), "", False
    if not _DETERMINED.match(clause):
        return clause, "", None
    words = clause.split(" ")
    for i in range(2, min(len(words), _MOST_OF_CATEGORY)):
        rest = " ".join(words[i:])
        is_verb = as_action(words[i].lower()) == words[i].lower() and len(words) > i + 1
        if is_verb or (_states(rest) and words[i] not in ("with", "w/")):
            return _fact(rest)[0], " ".join(words[:i]), False
    return clause, "", None
