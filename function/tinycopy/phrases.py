"""What kind of phrase a feature is, so that the words around its slot can agree with it.

"holds 350 ml" says what a product does, "dishwasher safe" what it is, "two handles" what it has. A
few rules and words tell them apart, without a grammar of English: what none of them knows counts
as the name of a thing. Not here: the slots themselves (encoding.py).
"""

import re
from enum import IntEnum


class Kind(IntEnum):
    """What a phrase could stand after: "It ...", "It is ...", "at ...", and so on."""

    ACTION = 0
    """It holds 350 ml."""
    STATE = 1
    """It is dishwasher safe."""
    PRICE = 2
    """It costs £18 a head."""
    MEASURE = 3
    """It is 72 cm high."""
    MANNER = 4
    """It works without a cable."""
    THING = 5
    """It has a folding handle."""
    THINGS = 6
    """It has two handles."""
    CLAUSE = 7
    """"The lid is included", "lid included"."""


def kind(phrase: str) -> Kind:
    """The kind of a phrase of at least one word."""
    words = [word.strip(",;:").lower() for word in phrase.split()]
    first, second = words[0], words[1] if len(words) > 1 else ""
    if PRICE.match(phrase):
        return Kind.PRICE
    if _MEASURE.fullmatch(phrase):
        return Kind.MEASURE
    if first in _BEFORE and not _NUMBER_OF.match(phrase):
        return Kind.MANNER
    if first in _ACTIONS and second not in _AFTER_THINGS:
        return Kind.ACTION
    if _is_state(words):
        return Kind.STATE
    if words[-1] in _LAST_OF_CLAUSES or not _VERBS.isdisjoint(words[1:-1]):
        return Kind.CLAUSE
    return Kind.THINGS if _is_plural(words) else Kind.THING


def _is_state(words: list[str]) -> bool:
    first, last = words[0].rsplit("-", 1)[-1], words[-1].rsplit("-", 1)[-1]
    participle = first in _PARTICIPLES or (first.endswith("ed") and first not in _NOT_PARTICIPLES)
    if participle or first in _ADJECTIVES:
        follow = _BEFORE | _AFTER_PARTICIPLES
        return len(words) == 1 or (words[1] in follow and words[1] != "of")
    return last in _LAST_ADJECTIVES


def _is_plural(words: list[str]) -> bool:
    """By the last word before the first preposition: "slots for lamps" are slots."""
    before = (
        i for i in range(1, len(words)) if words[i] in _BEFORE and words[i - 1] not in _BEFORE
    )
    head = words[next(before, len(words)) - 1]
    return head.endswith("s") and not head.endswith(("ss", "us", "is")) and head != "gps"


_COUNT = r"\d+(?:[.,:/]\d+)*"
PRICE = re.compile(rf"(?:(?:from|about|only|just|under|for) )?(?:US|A|C)?[$£€¥]\s?{_COUNT}", re.I)
"""How a phrase that is a price starts."""
_UNITS = (
    "mm|cm|m|km|ft|feet|inch|inches|in|miles?|metres?|meters?|g|kg|mg|lb|lbs|oz|ounces?|grams?|"
    "kilos?|tonnes?|ml|cl|l|litres?|liters?|pints?|gallons?|w|kw|kwh|wh|v|volts?|watts?|mah|hz|"
    "khz|mhz|db|lumens?|gb|mb|tb|degrees?|°c|°f|c|f|seconds?|minutes?|hours?|days?|weeks?|months?|"
    "years?|rpm|psi|bar|km/h|mph|sq|x|by"
)
_MEASURE = re.compile(
    rf"(?:(?:about|around|over|under|up to|just|only) )?{_COUNT}(?:\s?(?:{_UNITS}|%|{_COUNT}))+"
    r"(?: (?:high|tall|wide|long|deep|thick|across|square|each|in diameter))*",
    re.I,
)
_NUMBER_OF = re.compile(r"(?:about|around|over|under|up to|nearly) \d", re.I)
"""How a phrase about a number of things starts: "up to 40 players"."""
_BEFORE = frozenset(
    """
    about above across after against along among around as at before behind below beneath beside
    between beyond by down during except for from in inside into like near next of off on onto
    opposite out outside over past per since than through to towards under underneath until up
    upon via with within without
    """.split()
)
"""Prepositions: phrases that start with one say how, where or when."""
_AFTER_THINGS = frozenset("available free included of".split())
"""What makes a thing of a word that could also be an action: "repairs included"."""
_AFTER_PARTICIPLES = frozenset(
    """
    again all and any daily each every flat fresh here monthly nightly once online only or
    overnight so straight that throughout today twice weekly when while year-round
    """.split()
)
_ACTIONS = frozenset(
    """
    absorbs accepts accommodates adapts adds adjusts advises aligns allows answers appears
    applies arranges arrives asks assembles assists attaches avoids bakes balances beats begins
    bends bills blends blocks boils boosts breaks brews brightens brings browns builds burns
    buys buzzes calculates calms cancels captures carries casts catches changes charges charts
    chases checks chills chops cleans clears clicks climbs clings clips closes collapses
    collects combines comes compares completes compresses computes confirms connects contains
    controls converts cooks cools copies corrects costs counts covers creates cushions cuts
    darkens deals decodes deletes delivers departs detaches detects dims dispatches displays
    disposes dissolves dives divides docks does doubles drafts drains draws dries drives drops
    earns eases edits embeds employs empties enables encrypts ends ensures exceeds expands
    explains exports extends falls fastens feeds feels fetches fills filters finds finishes
    fires fits fixes flags flies flips floats flows folds follows forwards freezes generates
    gets gives glides glows goes grates grinds grips grows guards guides handles hangs has heats
    helps hems hides highlights holds hooks identifies ignores illuminates imports improves
    includes increases inflates informs inspects installs insulates irons is joins keeps kills
    knits knows lands lasts launches lays learns leaves lends lets levels lies lifts limits
    links listens lists loads locks logs looks lowers maintains makes manages massages matches
    measures meets melts mends mixes monitors mounts moves needs never notifies offers opens
    operates organises organizes packs pairs passes pauses pays performs picks pivots plays
    plugs pours preserves presses prevents prices prints produces projects promises protects
    provides publishes pulls pumps purifies pushes raises ranks reaches reads rebuilds receives
    recharges recognises recognizes recommends reconciles records reduces refills refunds
    registers releases remembers reminds removes renews reopens repairs repels replaces replies
    reports represents requires reseals resists responds restores rests returns reverses revives
    rewards rewires rinses rises roasts rolls rotates runs sails saves says scans schedules
    screws seals searches seats sees sells sends separates serves sets sews sharpens shields
    ships shows shreds shuts signs simulates sings sits sleeps slices slides smells smooths
    snaps softens solves sorts sounds speaks spins splits sprays spreads squeezes stacks stands
    starts stays steams sticks stirs stitches stops stores stows straps streams stretches strips
    suggests suits summarises summarizes supplies supports suspends swaps switches syncs takes
    tastes teaches tells tests texts throws ties tightens tilts toasts tops tracks trains
    transcribes transfers translates travels treats trims tunes turns twists understands undoes
    unfolds unlocks unplugs unrolls updates uses verifies vibrates waits wakes walks warms warns
    washes waters wears weathers weeds weighs welcomes whisks will wipes withstands works wraps
    writes yields zips
    """.split()
)
_VERBS = _ACTIONS | frozenset(
    "are be begin can come cost do get have may must run start was were".split()
)
_LAST_OF_CLAUSES = frozenset(
    "accepted available included needed only provided required supplied welcome".split()
)
_NOT_PARTICIPLES = frozenset("bed feed seed speed shed sled red bleed breed need".split())
_PARTICIPLES = frozenset(
    """
    bent blown bottled bought bound bred brewed built carved caught chosen cut drawn driven fed
    felt found frozen given ground grown held hewn hung kept knit laid led left made met mown
    paid painted proven put sent set sewn shot shown sold spoken spun struck stuck sung swept
    taught thrown told torn tuned understood won worn woven written
    """.split()
)
_ADJECTIVES = frozenset(
    """
    accurate adjustable airtight available closed compatible dry easy effective entirely exempt
    free fresh fully gentle good heavy ideal independent light live machine-washable
    made-to-order new open perfect quick quiet ready rechargeable resistant rich ripe safe
    secure silent slow small soft step-free strong sturdy suitable unscented useful valid
    visible warm washable waterproof watertight
    """.split()
)
_LAST_ADJECTIVES = frozenset(
    """
    accessible certified compatible compostable efficient friendly long-lasting proof recyclable
    resistant reusable safe silent soluble tight washable waterproof watertight
    """.split()
)
