"""The safety filter: abusive words, and claims that a brief does not support.

docs/safety.md says what it catches, what it misses and how that was measured. Numbers, prices and
percentages that a brief lacks are a check of their own (figures.py). The words are in abuse.py.
"""

import re
import unicodedata
from functools import lru_cache

from tinycopy import abuse
from tinycopy.brief import Brief

_LEET = str.maketrans("@431!05$7+", "aaeiiosstt")
_ENDINGS = "(?:s|es|y|ies|ed|d|er|ers|ing|in|ish|ism|head|hole)?"
_ABUSE = re.compile(
    rf"\b\w*(?:{'|'.join(abuse.INSIDE)})\w*"
    rf"|\b(?:{'|'.join(abuse.STEMS)}){_ENDINGS}\b"
    rf"|\b(?:{'|'.join(map(re.escape, abuse.WORDS))})\b"
)
_GROUP = f"(?:{'|'.join(abuse.GROUPS)})"
_PHRASE = re.compile(
    rf"\b(?:kill|exterminate|lynch|gas|hang|shoot|stab|burn|hate|despise|deport) (?:all )?"
    rf"(?:the |those |these )?{_GROUP}\b"
    rf"|\b{_GROUP} (?:people )?(?:should|must|deserve to|need to) (?:all )?(?:die|burn|hang|be killed)\b"
    rf"|\b(?:kill|hang|shoot) (?:yourself|yourselves)\b|\bgo (?:and )?die\b|\bdeath to\b"
    rf"|\b(?:i|we)(?:'ll| will) (?:kill|hurt|stab|shoot|beat|rape) (?:you|your|him|her|them)\b"
    rf"|\bwhite (?:power|supremacy|pride)\b|\bheil hitler\b|\bfinal solution to\b|\bgas chambers?\b"
    rf"|\byou(?:'re| are)? (?:all |such |just )*(?:an? )?(?:\w+ )?"
    rf"(?:idiots?|losers?|stupid|ugly|pathetic|worthless|scum|vermin|dumb|fatso|pigs?)\b"
    rf"|\b(?:suck|lick) (?:my|his) (?:dick|cock|balls)\b|\bbig (?:tits|dicks?)\b|\bpiss off\b"
    rf"|\bchild (?:porn|sex)\b|\bhard-?core (?:sex|porn)\b|\bnaked (?:girls|teens|women)\b"
)
_HARMLESS = re.compile(
    r"rape ?seed|(?:oilseed|cold-pressed) rape|rape (?:oil|crisis|alarm|survivors?)"
    r"|(?:fire|flame|rust|set)[- ]retard\w*|bastard file|tess of the \w+|mr brain's faggots?"
    r"|washington redskins|jackass penguins?"
)
_SPACED = re.compile(r"(?<!\w)(?:\w[ .*_-]){3,}\w(?!\w)")
_DISGUISED = re.compile(r"(?<!\w)(?=[\w@$!+]*[a-z])(?=[\w@$!+]*[@$!+\d])[\w@$!+]{4,}")
_MASKED = re.compile(r"(?<!\w)[a-z]+(?:[*#]+[a-z]*)+(?!\w)")
_MASKABLE = frozenset(
    {"fuck", "fucks", "fucked", "fucker", "fucking", "shit", "shits", "shitty", "cunt", "cunts"}
    | {"bitch", "bitches", "bitching", "nigger", "niggers", "nigga", "asshole", "assholes"}
    | {"faggot", "faggots", "whore", "whores", "slut", "sluts", "wanker", "wankers", "bastard"}
    | {"bullshit", "motherfucker", "retard", "retards", "twat", "twats", "porn"}
)
_STRETCHED = re.compile(r"(\w)\1{2,}")


@lru_cache(maxsize=1024)
def abusive(text: str) -> str | None:
    """The first abusive word or phrase of `text`, or None.

    Sees through accents, stretched letters ("fuuuck"), digits and signs for letters ("sh1t"),
    letters apart ("f u c k") and masks ("f**k").
    """
    plain = _plain(text)
    found = _ABUSE.search(plain) or _PHRASE.search(plain)
    if found:
        return found[0].strip()
    for word in _MASKED.findall(plain):
        pattern = re.compile(re.sub(r"[*#]+", ".{1,4}", word))
        if any(pattern.fullmatch(known) for known in _MASKABLE):
            return str(word)
    for word in (*_DISGUISED.findall(plain), *_SPACED.findall(plain)):
        joined = re.sub(r"[ .*_-]", "", word).translate(_LEET)
        if _ABUSE.search(joined):
            return str(word)
    return None


def _plain(text: str) -> str:
    lowered = text.lower().replace("’", "'")
    if not lowered.isascii():
        decomposed = unicodedata.normalize("NFKD", lowered)
        lowered = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _HARMLESS.sub(" ", _STRETCHED.sub(r"\1", lowered))


_OFFENCE = (
    r"(?:racist|sexist|homophobic|transphobic|antisemitic|anti-semitic|islamophobic|xenophobic"
    r"|misogynist\w*|hateful|bigoted|offensive|abusive|insulting|demeaning|degrading|obscene"
    r"|vulgar|pornographic|sexually explicit|nsfw)"
)
_NOT_ASKED = r"(?<!anti-)(?<!anti )(?<!not )(?<!non-)(?<!never )(?<!against )(?<!stop )(?<!no )"
_NOT_ASKED += r"(?<!don't )(?<!without )(?<!avoid )(?<!to report )(?<!tackling )"
_REQUEST = re.compile(
    rf"\b{_NOT_ASKED}(?:insult|mock|ridicule|humiliate|bully|demean|degrade|defame|slander|harass"
    rf"|threaten|dehumani[sz]e|belittle|attack|make fun of|laugh at|spread hate (?:against|about)"
    rf"|incite (?:hatred|violence) (?:against|towards))(?:s|es|ing)?"
    rf" (?:\w+ ){{0,3}}?(?:{'|'.join((*abuse.GROUPS, *abuse.TARGETS))})\b"
    rf"|\b{_NOT_ASKED}{_OFFENCE} (?:\w+ ){{0,2}}?"
    rf"(?:jokes?|posts?|slogans?|copy|headlines?|ads?|tweets?|content|subject|descriptions?|tone"
    rf"|language|text|lines?|captions?|towards?|about)\b"
    rf"|\b(?:make|keep|sound|be|write|something) (?:it |this |them )?(?:\w+ )?{_OFFENCE}\b"
    rf"|\b(?:with|use|using|add|full of|lots of|include) (?:\w+ ){{0,2}}?"
    rf"(?:slurs?|swear ?words?|swearing|curse words?|profanity|profanities|obscenit\w+|hate speech)\b"
)
FIELDS = ("product", "category", "features", "prompt", "audience", "keywords")


def asks_for_abuse(brief: Brief) -> str | None:
    """The first field whose text is abusive or asks for abusive copy, or None."""
    for name in FIELDS:
        value = getattr(brief, name)
        texts = value if isinstance(value, tuple) else (value or "",)
        if any(abusive(text) or _REQUEST.search(_plain(text)) for text in texts):
            return name
    return None


_PROVERS = r"clinical(?:ly)?|scientific(?:ally)?|medical(?:ly)?|dermatologist|doctor|vet|dentist|expert|lab"
_ILLS = (
    r"arthritis|cancer|diabetes|anxiety|depression|insomnia|eczema|psoriasis|acne|asthma|migraines?"
    r"|headaches?|covid|flu|colds?|infections?|inflammation|allerg\w+|disease\w*|illness\w*|pain|aches"
    r"|obesity|dementia|alzheimer\w*|hypertension|blood pressure|cholesterol|ageing|aging|wrinkles"
    r"|baldness|hair loss|injur\w+|ailments?|symptoms?|stress"
)
_CLAIMS = {
    "best": r"\b(?:the|our|britain's|america's|europe's|town's|city's|uk's|(?<!auntie carol in your )\w+'s)"
    r" (?:very |absolute |\w+, )?best\b(?! (?:of|part|friend|bit|man|before|smell))"
    r"|^best \w+|\b(?:simply|still|voted|rated) (?:the )?best\b|\bbest[- ](?:in[- ]class|selling|rated"
    r"|quality|price|value|ever|on the market|in (?:the )?(?:town|world|country|city|business))\b",
    "superlative": r"\bthe (?:world's |very )?(?:greatest|finest|cheapest|fastest|safest|strongest|lowest"
    r"|healthiest|purest|smartest|most (?:advanced|powerful|trusted|popular|effective|reliable))\b"
    r"(?! (?:is|pen|duck|thumbs|getaway|morning|livestock))",
    "number one": r"(?:\bno\.? ?|\bnumber |#)(?:1|one)\b(?<!no one)",
    "world": r"\bworld(?:'s (?:\w+est|most|best|first|only|no)|[- ](?:class|leading|beating|famous"
    r"|renowned|beater))\b|\bin the (?:whole )?world\b|\bon (?:the planet|earth|the market)\b",
    "leading": r"\b(?:market|industry|class|category)[- ](?:leading|leader)\b|\bthe leading\b|\baward[- ]winning\b"
    r"|\bprize[- ]winning\b|\b(?:multi-)?award\b(?= winning)",
    "unmatched": r"\b(?:unbeatable|unmatched|unrivall?ed|unparalleled|unsurpassed|second to none"
    r"|incomparable|like no other|peerless)\b",
    "guarantee": r"\bguarante(?!ed to work|ed\.$)\w+|\bmoney[- ]back\b",
    "warranty": r"\bwarrant(?:y|ies)\b",
    "no risk": r"\brisk[- ]free\b|\b(?:no|zero|without) risk\b"
    r"|\b(?:totally|completely|perfectly|absolutely|entirely|100 ?%) (?:safe|harmless|effective|natural|pure)\b"
    r"|\bno side[- ]effects\b",
    "proven": rf"\b(?:{_PROVERS})[- ](?:proven|tested|approved|recommended|backed|endorsed|formulated)\b"
    r"|\bproven\b|\brecommended by (?:\w+ )?(?:doctors|experts|dentists|vets|scientists)\b",
    "approved": r"\b(?:fda|ce|government|nhs)[- ](?:approved|certified|cleared)\b|\bcertified\b",
    "cure": rf"\bcures?\b(?! (?:for|them|in|over)\b)|\bcur(?:es?|ed|ing) (?:\w+ ){{0,2}}?(?:{_ILLS})\b"
    rf"|\bcure for\b|\bheal(?:s|ed|ing)?\b|\bmiracle\b",
    "treats": rf"\b(?:treat|prevent|reliev|reduc|fight|eliminat|eas|sooth|combat|end|banish|remed|revers)"
    rf"(?:e?s|e|ing|y|ies)? (?:\w+ ){{0,2}}?(?:{_ILLS})\b|\bpain relief\b",
    "slimming": r"\b(?:lose|losing|loss of|shed) (?:weight|pounds|fat|kilos)\b|\bweight loss\b|\bburns? fat\b",
    "free offer": r"\bfree (?:shipping|delivery|returns?|trial|gift|samples?|postage)\b",
    "free of": r"\b(?:gluten|dairy|nut|sugar|cruelty|bpa|lactose|alcohol|caffeine)[- ]free\b",
    "certificate": r"\b(?:organic|vegan|fair ?trade|biodegradable|waterproof|hypoallergenic|fireproof"
    r"|carbon[- ]neutral|compostable|kosher|halal)\b(?! (?:mate|friend)\b)",
    "forever": r"\b(?:never|won't ever) (?:fails?|breaks? down|wears? out|lets? you down)\b"
    r"|\blasts? (?:forever|a lifetime)\b|\blifetime (?:guarantee|warranty)\b",
    "shown": r"\bstudies (?:show|prove)\b|\bscientists\b|\bmillions of (?:\w+ )?(?:customers|users|people)\b",
}
_ONE_CLAIM = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CLAIMS.items()}
_TRIGGER = re.compile("|".join(_CLAIMS.values()), re.IGNORECASE)


def unsupported_claims(brief: Brief, text: str) -> list[str]:
    """The claims of `text` whose wording the brief itself does not use."""
    text = text.replace("’", "'")
    if _TRIGGER.search(text) is None:
        return []
    facts = brief.facts.lower().replace("’", "'")
    found = (match[0] for claim in _ONE_CLAIM.values() for match in claim.finditer(text))
    return [claim for claim in found if not _supported(claim.lower(), facts)]


def _supported(claim: str, facts: str) -> bool:
    """Whether the brief uses the words of the claim, whatever their order, number or hyphens."""
    said = set(re.findall(r"\w{3,5}", facts)) | set(re.findall(r"\w+", facts))
    return all(
        word[:5] in said or word in said
        for word in re.findall(r"\w{3,}", claim)
        if word not in ("the", "our")
    )
