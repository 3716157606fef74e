"""What kind of phrase a feature is, so that the words around its slot can agree with it.

"holds 350 ml" says what a product does, "dishwasher safe" what it is, "two handles" what it has. A
few rules and words tell them apart, without a grammar of English: what none of them knows counts
as the name of a thing. Not here: the slots themselves (encoding.py).
"""

import re
from collections.abc import Sequence
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
    ONE = 8
    """It has a handle, with or without its article."""
    STUFF = 9
    """It is of solid brass, and takes no article."""
    ORDER = 10
    """You can pay by card."""


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
    if f"{first}s" in _ACTIONS and second in _AFTER_ORDERS and first not in _NOUNS:
        return Kind.ORDER
    if words[-1] in _LAST_OF_CLAUSES or not _VERBS.isdisjoint(words[1:-1]):
        return Kind.CLAUSE
    head = _head(words)
    if head.endswith("s") and not head.endswith(("ss", "us", "is")) and head not in _SINGULAR:
        return Kind.THINGS
    if first in _DETERMINERS:
        return Kind.STUFF
    if first in ("a", "an") or head in _COUNTABLE:
        return Kind.ONE
    return Kind.STUFF if head in _UNCOUNTABLE or head.endswith("ing") else Kind.THING


def as_phrases(features: Sequence[str]) -> Sequence[str]:
    """The features without what a list adds to them: "Price:", and capitals if each has one."""
    features = [_PRICE_LABEL.sub("", feature) for feature in features]
    worded = [feature for feature in features if feature[0].isalpha()]
    if len(worded) < 2 or not all(f[0].isupper() and f[1:2].islower() for f in worded):
        return features
    return [feature[0].lower() + feature[1:] for feature in features]


def as_action(verb: str) -> str | None:
    """The form of a verb that follows "it", of "lend" and "lends" alike; None if it is unknown."""
    forms = (verb, f"{verb}s", f"{verb}es", f"{verb[:-1]}ies")
    return next((form for form in forms if form in _ACTIONS), None)


def _is_state(words: list[str]) -> bool:
    first, last = words[0].rsplit("-", 1)[-1], words[-1].rsplit("-", 1)[-1]
    participle = first in _PARTICIPLES or (first.endswith("ed") and first not in _NOT_PARTICIPLES)
    if participle or first in _ADJECTIVES:
        follow = _BEFORE | _AFTER_PARTICIPLES
        # "made of oak", but not "a cut of beef"
        is_of = len(words) > 1 and words[1] == "of"
        return len(words) == 1 or (words[1] in follow and (not is_of or first == "made"))
    return last in _LAST_ADJECTIVES


def _head(words: list[str]) -> str:
    """The last word before the first preposition: "slots for lamps" are slots."""
    before = (
        i for i in range(1, len(words)) if words[i] in _BEFORE and words[i - 1] not in _BEFORE
    )
    return words[next(before, len(words)) - 1]


_PRICE_LABEL = re.compile(r"prices?: ?(?=.)", re.I)
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
    again all and any april august daily december each every february flat forever fresh friday
    fridays here january july june march may monday mondays monthly nightly november october
    once online only or overnight saturday saturdays september seven so straight sunday sundays
    that throughout thursday thursdays till to today tuesday tuesdays twice wednesday wednesdays
    weekdays weekends weekly when while year-round
    """.split()
)
_AFTER_ORDERS = frozenset(
    """
    a again all and any anytime as at before by for from in it now on online or out over the them
    today up when whenever with without your
    """.split()
)
_ACTIONS = frozenset(
    """
    absorbs accepts accommodates adapts adds adjusts advises aligns allows alters answers
    appears applies arranges arrives asks assembles assists attaches avoids bakes balances beats
    begins bends bills blends blocks boils books boosts borrows bounces breaks brews brightens
    brings browns builds burns buys buzzes calculates calls calms cancels captures carries
    carves casts catches caters changes charges charts chases checks chews chills chops cleans
    clears clicks climbs clings clips closes coaches collapses collects combines comes compares
    completes compresses computes confirms connects contains controls converts cooks cools
    copies corrects costs counts covers creates crushes cushions cuts darkens deals decodes
    deletes delivers departs detaches detects dims dispatches displays disposes dissolves dives
    divides docks does doubles drafts drains draws dries drips drives drops dyes earns eases
    edits embeds employs empties enables encrypts ends ensures exceeds exfoliates expands
    explains exports extends falls fastens feeds feels ferries fetches fills filters finds
    finishes fires fits fixes fizzes flags flies flips floats flows folds follows forges
    forwards freezes froths generates gets gives glides glows goes grates grills grinds grips
    grooms grows guards guides handles hangs has heats helps hems hides highlights hires holds
    hooks hosts hydrates identifies ignores illuminates imports improves includes increases
    inflates informs inspects installs insulates irons is joins jumps keeps kills knits knows
    lands lasts lathers launches lays learns leaves lends lets levels lies lifts lights limits
    links listens lists loads locks logs looks lowers maintains makes manages massages matches
    measures meets melts mends mixes moisturises moisturizes monitors moulds mounts moves needs
    nests never notifies offers opens operates orders organises organizes packs paints pairs
    parks passes pauses pays peels performs photographs picks pins pivots plans plants plays
    plugs polishes pops posts pours preserves presses prevents prices primes prints produces
    projects promises protects provides publishes pulls pumps purifies purrs pushes quilts
    raises ranks reaches reads rebuilds receives recharges recognises recognizes recommends
    reconciles records reduces refills refunds registers rehomes releases relines remembers
    reminds removes renews rents reopens repairs repels replaces replies reports represents
    requires rescues reseals resists responds restores rests returns reverses revives rewards
    rewires rides rinses rises roasts rocks rolls rotates rubs runs sails saves says scans
    schedules screws sculpts seals searches seats sees sells sends separates serves sets sews
    sharpens shaves shields shines ships shows shreds shuts signs simulates sings sits skips
    sleeps slices slides smells smooths snaps soaks softens solves soothes sorts sounds speaks
    spends spins splits sprays spreads squeezes stacks stamps stands starts stays steams steers
    sticks stirs stitches stops stores stows straps streams stretches strips suggests suits
    summarises summarizes supplies supports surveys suspends swaps sweeps swims swings switches
    syncs takes tastes teaches tells tests texts thatches throws ties tightens tilts toasts tops
    tows tracks trains transcribes transfers translates traps travels treats tries trims tunes
    turns twists understands undoes unfolds unlocks unplugs unrolls unwinds updates upholsters
    uses verifies vibrates waits wakes walks wants warms warns washes waters wears weathers
    weaves weeds weighs welcomes welds whips whisks will wipes withstands works wraps writes
    yields zips zooms
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
    accurate adjustable airtight available big breathable closed comfortable compact compatible
    cordless dimmable dry durable easy effective entirely exempt family-run flexible foldable free
    fresh friendly fully generous gentle good handmade heavy ideal independent light lightweight
    live lockable machine-washable made-to-order new open perfect portable quick quiet ready
    rechargeable refillable removable resistant reusable rich ripe safe secure silent simple slow
    small soft stackable step-free strong sturdy suitable sweet thick thin unscented useful valid
    vegan visible warm washable waterproof watertight wireless
    """.split()
)
_LAST_ADJECTIVES = frozenset(
    """
    accessible certified compatible compostable efficient friendly long-lasting proof recyclable
    resistant reusable safe silent soluble tight washable waterproof watertight
    """.split()
)
_DETERMINERS = frozenset("all another any both each every its no one our some the your".split())
"""What stands in an article's place."""
_SINGULAR = frozenset(["gps", "lens", "canvas", "series"])
_COUNTABLE = frozenset(
    """
    adapter adviser app area arm backing backrest bag band barrel base basket battery bay
    bearing bell belt bin blade blend board body booklet booth bottle bottom bowl box brim brush
    buckle burner button cabin cable café camera canopy cap capacity card case ceremony
    certificate chain chair chamber charger chart chat check clasp class clip closure coach
    coating collar compartment concert contract cord core corner counter course cover cup
    cushion cutter deposit design dial discount dish display dock door drawer drawing drill drum
    edge editor entrance estimate exchange eyepiece fan fee filling filter finish fire fit flap
    floor footbed footrest fork frame fridge fuse gallery garden gate glove grate grinder grip
    groove group guarantee guard guide handbook handle harness head headboard heel hem hinge
    hoist holder hood hook hoop infuser insole instructor jar jug key kiln kit kitchen knife
    knob label ladder lamp lawn layout lever licence lid lift line liner lining link list lock
    log loop lounge machine magnet manual map mark mat menu meter mirror motor mount mouth mug
    mystery neck network nib note opener option oven pack pad panel park pattern pedal pencil
    pitch plan plate playground plinth plug pocket point pool pot pouch preamp printer pump
    quote rack range readout recipe remote report rest ribbon rim ring rod roof room route ruler
    sack saddle sauna screen seal seat session set setting shape sheath shed sheet shelf shell
    shop shovel show shower shuttle sink skirt sleeve slot socket sole speaker spoon spout spray
    spring stage stand station stool stop strainer strap stud studio subwoofer survey switch
    system table tag tank teacher team terrace thermometer thermostat timer tin tip toe tour
    track tray trial trip tub tuner upper valve van view visit voucher waist wall wand warranty
    wheel whisk wick window workshop zip zipper
    """.split()
)
"""Things of which a phrase names one, "a" left out or not."""
_UNCOUNTABLE = frozenset(
    """
    access acrylic advice alcohol aluminium aluminum art ash assembly bamboo bedding beef beer
    beeswax brass bread bronze butter caffeine cardboard care cargo cashmere cedar cedarwood
    ceramic charcoal cheese chicken chocolate cinnamon clay cocoa coffee comfort compost
    concrete content copper cork cotton cream crystal dairy delivery denim detection dust
    elastic electricity enamel engraving entry equipment fabric feedback felt fiberglass
    fibreglass flannel flax fleece flour foam food fragrance fruit fun furniture gear gelato
    glass gluten gold granite grass gravel guidance hardware hay help hire history homework
    honey ice information ink insulation internet iron jam jersey jewellery juice knowledge
    laundry leather linen luggage maintenance maple marble meat merino mesh metal milk mint moss
    music muslin neoprene noise nylon oak oil packaging paint paper parking pasta payment pepper
    photography pine plaster plastic plywood polyester porcelain pork porridge power printing
    protection resin resistance rice rosemary rubber rye safety salt sand satin shellfish
    shelter shipping silicone silk silver slate soap software soil sound soup sourdough space
    staff stainless steel stone stoneware storage suede sugar sunlight supervision support
    suspension tea teak tech terracotta timber titanium toast tracking traffic training
    transport tuition turnout twill underwear velvet veneer ventilation vinyl volume walnut
    water wax weather wellness wheat wi-fi wifi willow wine wire wood wool work yarn yoga yogurt
    zinc
    """.split()
)
"""What a phrase names some of, which takes no "a"."""
_NOUNS = _COUNTABLE | _UNCOUNTABLE | {"mix", "control", "cost", "start", "end"}
"""Things, though some of them could be what one is told to do."""
