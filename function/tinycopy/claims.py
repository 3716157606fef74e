"""Claims that copy must not make unless its brief makes them.

Superlatives ("the best", "No. 1"), guarantees and warranties, proof and approval, medical effects,
and offers or certificates ("free shipping", "organic"). Numbers, prices and percentages are in
figures.py. docs/safety.md says what this misses and how it was measured.
"""

import re

import msgspec

from tinycopy.brief import Brief
from tinycopy.wording import Pattern, straight, words


class Claim(msgspec.Struct, frozen=True):
    """One kind of claim. hints: the pattern is tried only where one of these stands in the text."""

    hints: tuple[str, ...]
    pattern: Pattern


def _claim(hints: str, *pattern: str) -> Claim:
    return Claim(tuple(hints.split()), Pattern(*pattern))


_ILLS = (
    r"(?:arthritis|cancer|diabetes|anxiety|depression|insomnia|eczema|psoriasis|acne|asthma|flu"
    r"|migraines?|headaches?|covid|colds?|infections?|inflammation|allerg\w+|diseases?|illness\w*"
    r"|pain|aches|obesity|dementia|hypertension|blood pressure|cholesterol|wrinkles|baldness"
    r"|hair loss|injur\w+|ailments?|symptoms?|stress)\b"
)
_HARMLESS_BEST = (
    r"(?! (?:of|part|friends?|bits?|man|before|when|served|enjoyed|judged|at|in the way|way|mates?"
    r"|to)\b)"
)
CLAIMS = (
    _claim(
        "best",
        rf"\b(?:the|our|\w+'s) (?:very |absolute |\w+, )?best\b{_HARMLESS_BEST}",
        r"|^best (?!for|served)\w+|\b(?:simply|still|voted|rated) (?:the )?best\b",
        r"|\bbest[- ](?:in[- ]class|selling|rated|quality|price|value|ever)\b",
        r"|\bbest \w+ (?:ever|on the market|in (?:the )?(?:town|world|country|city|business))\b",
    ),
    _claim(
        "est most",
        r"\b(?:the|our) (?:world's |very )?(?:greatest|finest|cheapest|fastest|safest|strongest",
        r"|healthiest|purest|smartest|lowest[- ]price|most (?:advanced|powerful|trusted|popular",
        r"|effective|reliable))\b",
    ),
    _claim("no number #", r"(?:\bno\.? ?1|\bnumber (?:1|one)|#(?:1|one))\b"),
    _claim(
        "world planet earth market",
        r"\bworld(?:'s (?:\w+est|most|best|first|only|no)|[- ](?:class|leading|beating|famous",
        r"|renowned|beater))\b|\bin the (?:whole |entire )?world\b|\bon (?:earth|the market)\b",
    ),
    _claim(
        "lead award prize",
        r"\b(?:market|industry|class|category)[- ](?:leading|leader)\b|\bthe leading\b",
        r"|\b(?:award|prize)[- ]winning\b",
    ),
    _claim(
        "un second incomparable peerless like",
        r"\b(?:unbeatable|unmatched|unrivall?ed|unparalleled|unsurpassed|second to none",
        r"|incomparable|peerless|like no other)\b",
    ),
    _claim("guarant money", r"(?<!not )(?<!n't )\bguarantee\w*|\bmoney[- ]back\b"),
    _claim("warrant", r"\bwarrant(?:y|ies)\b"),
    _claim(
        "risk safe harmless effective pure side",
        r"\brisk[- ]free\b|\b(?:no|zero|without) risk\b|\bno side[- ]effects\b",
        r"|\b(?:totally|completely|perfectly|absolutely|entirely|100 ?%) ",
        r"(?:safe|harmless|effective|pure)\b",
    ),
    _claim(
        "prove test approv recommend back endorse",
        r"\b(?:clinical(?:ly)?|scientific(?:ally)?|medical(?:ly)?|dermatologist|doctor|vet|dentist",
        r"|expert|lab|fda|nhs)[- ](?:proven|tested|approved|recommended|backed|endorsed|cleared)\b",
        r"|\bproven\b|\brecommended by (?:\w+ )?(?:doctors|experts|dentists|vets|scientists)\b",
    ),
    _claim("certified", r"\bcertified\b"),
    _claim(
        "cur heal miracle",
        r"\bcures?\b(?! (?:for|in|over|them|under)\b)|\bcuring (?:\w+ )?" + _ILLS,
        r"|\b(?:a|the) cure for\b|\bheal(?:s|ed|ing)?\b|\bmiracle\b",
    ),
    _claim(
        "treat prevent reliev relief reduc fight eliminat ease soothe combat banish",
        r"\b(?:treat|prevent|reliev|reduc|fight|eliminat|eas|sooth|combat|banish)",
        r"(?:e?s|e|ing)? (?:\w+ ){0,2}?" + _ILLS + r"|\b(?:pain|stress) relief\b",
    ),
    _claim(
        "weight pounds fat",
        r"\b(?:lose|losing|shed) (?:weight|pounds|fat)\b|\bweight loss\b|\bburns? fat\b",
    ),
    _claim(
        "free",
        r"\b(?:it|that|this|entry|admission)(?:'s| is) (?:also |even )?free\b(?! (?:of|from)\b)",
        r"|\bfor free\b|\ba free (?:quote|drink|lesson|visit)\b",
    ),
    _claim("free", r"\bfree (?:shipping|delivery|returns?|trial|gift|samples?|postage)\b"),
    _claim("free", r"\b(?:gluten|dairy|nut|sugar|cruelty|bpa|lactose|alcohol|caffeine)[- ]free\b"),
    _claim(
        "organic vegan trade bio water hypo proof carbon compost kosher halal",
        r"\b(?:organic|vegan|fair ?trade|biodegradable|waterproof|hypoallergenic|fireproof",
        r"|carbon[- ]neutral|compostable|kosher|halal)\b",
    ),
    _claim(
        "never last lifetime",
        r"\bnever (?:fails?|breaks? down|wears? out|lets? you down)\b",
        r"|\blasts? (?:forever|a lifetime)\b",
    ),
    _claim(
        "stud scien million thousand",
        r"\bstudies (?:show|prove)\b|\bscientists\b",
        r"|\b(?:millions|thousands) of (?:\w+ )?(?:customers|users|people|homes|families)\b",
    ),
)
_WORD = Pattern(r"[a-z]{3,}")
_FILLER = words("the our very for and its that their you one")
_ENDING = Pattern(r"(?:ing|ments?|ies|ed|es|s|e|y)$")


def unsupported_claims(brief: Brief, text: str) -> list[str]:
    """The claims of `text` whose wording the brief itself does not use, in lower case."""
    lowered = straight(text.lower())
    found = [
        match[0]
        for claim in CLAIMS
        if any(hint in lowered for hint in claim.hints)
        for match in claim.pattern.finditer(lowered)
    ]
    if not found:
        return []
    facts = straight(brief.facts.lower())
    said = {_stem(word) for word in _WORD.findall(facts)}
    return [claim for claim in found if not _supported(claim, facts, said)]


def _supported(claim: str, facts: str, said: set[str]) -> bool:
    """Whether the brief says the claim, or uses all of its words in any order and number."""
    if re.search(rf"(?<!\w){re.escape(claim)}(?!\w)", facts):
        return True
    own = [word for word in _WORD.findall(claim) if word not in _FILLER]
    return bool(own) and all(_stem(word) in said for word in own)


def _stem(word: str) -> str:
    return _ENDING.sub("", word)[:7]
