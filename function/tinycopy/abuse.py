"""The words of the safety filter, plainly listed so that anyone can read, question and mend them.

They are slurs, strong profanity, explicit sex, and words of hate. Mild words ("damn", "crap",
"bloody") and words with a common harmless sense ("cock", "dyke", "spic and span", "queer",
"hooker") are left out on purpose. safety.py matches them.
"""

from tinycopy.wording import words

INSIDE = words(
    """fuck motherf bullshit horseshit cocksuck dickhead shithead shitface asshole arsehole dumbass
    nigger nigga faggot wanker blowjob handjob gangbang cumshot pedophil paedophil pornograph
    deepthroat phuck"""
)
"""Abusive wherever they stand in a word ("clusterfuck"); no harmless English word holds them."""

_STEMS = words(
    """bitch cunt slut whore wank twat retard jizz porn milf skank kike gook wetback raghead
    towelhead beaner tranny shemale paki golliwog jigaboo darkie sambo spastic mongoloid libtard
    subhuman hentai creampie bukkake dildo bastard moron imbecile scumbag douchebag rapist"""
)
_ENDINGS = ("", *words("s es y ies ed d er ers ing in ish ism head hole"))
WHOLE = frozenset(stem + ending for stem in _STEMS for ending in _ENDINGS) | words(
    """shit shits shitty shite shitting shitshow shitload dipshit batshit asshat fag fags faggy
    chinks coons spics niglet rape raped raping rapes pissed kys nonce nonces pedo pedos paedo
    paedos incest bestiality necrophilia orgies nympho titties clit dickpic schlong bollocks tosser
    tossers bellend spaz spazzy bimbo bimbos thot thots jailbait untermensch untermenschen
    slutty whoring     zipperhead redskin redskins gyppo pikey pikeys"""
)
"""Abusive as whole words: inside others they are harmless ("grape", "Scunthorpe", "pass")."""

HARMLESS = (
    *("oilseed rape", "cold-pressed rape", "rape seed", "rape oil", "rape crisis", "rape alarm"),
    *("fire retard", "fire-retard", "flame retard", "flame-retard", "bastard file", "faggots in"),
)
"""Phrases that hold a listed word in a harmless sense."""

PEOPLE = words(
    """women woman men girls boys gays lesbians homosexuals transgender trans queers muslims jews
    christians hindus sikhs catholics atheists buddhists africans arabs mexicans latinos romanians
    gypsies travellers immigrants migrants refugees foreigners blondes feminists vegans pensioners
    homeless disabled minorities"""
)
"""Groups of people, to recognise hate aimed at them."""

TARGETS = PEOPLE | words(
    """race races religion religions nationality ethnicity customers customer clients competitor
    competitors rival rivals people person him her them boss ex neighbour neighbours neighbor
    neighbors kids children teacher colleague colleagues staff everyone anyone politician
    politicians president users readers jewish muslim gay lesbian autistic obese elderly"""
)
"""Whom a brief may ask the copy to insult."""

SCORNED = PEOPLE | words("blacks whites asians indians poles jewish muslim gay black foreign")
SCORN = words(
    """vermin scum inferior parasites stupid worthless disgusting filth filthy lazy criminals
    rats cockroaches trash idiots dirty animals thieves"""
)
"""Said of people within three words these are hate: "migrants are vermin"."""

HATE = words("kill exterminate lynch gas hate despise deport annihilate")
INSULT = words(
    """insult mock ridicule humiliate bully demean degrade defame slander harass threaten
    dehumanise dehumanize belittle mocking insulting ridiculing humiliating bullying demeaning
    degrading defaming slandering harassing threatening belittling insults mocks ridicules
    humiliates demeans degrades defames slanders threatens bullies"""
)
OFFENSIVE = words(
    """racist sexist homophobic transphobic antisemitic islamophobic xenophobic misogynist
    misogynistic hateful bigoted offensive abusive insulting demeaning degrading obscene vulgar
    pornographic nsfw"""
)
COPY = words(
    """joke jokes post posts slogan slogans copy headline headlines ad ads tweet tweets content
    subject description tone language text line lines caption captions towards about jibe jibes"""
)
FOUL = words(
    "slur slurs swearing swearword swearwords profanity profanities obscenities insults abuse"
)
MAKE = words("make keep sound be write something really extremely as with use using add include")
REFUSE = words(
    """no not never non anti against stop avoid without don't dont end tackle tackling report beat
    prevent preventing reporting fight fighting zero un"""
)
"""Before a word of INSULT, OFFENSIVE or FOUL these turn its sense: "no swearing"."""
