"""The words of the safety filter, plainly listed so that anyone can read, question and mend them.

They are slurs, strong profanity, explicit sex, and phrases of hate or threat. Mild words ("damn",
"crap", "bloody") and words with a common harmless sense ("cock", "dyke", "spic and span", "queer",
"hooker") are left out on purpose. safety.py says how the lists are matched.
"""

INSIDE = """
fuck motherf bullshit horseshit cocksuck dickhead shithead shitface asshole arsehole dumbass
jackass nigger nigga faggot wanker blowjob handjob gangbang cumshot pedophil paedophil
pornograph whorehouse deepthroat childporn fucc fuk1n phuck
""".split()
"""Abusive wherever they stand in a word ("clusterfuck"); no harmless English word holds them."""

STEMS = """
bitch cunt slut whore wank twat retard jizz porn milf skank kike gook wetback raghead towelhead
beaner tranny shemale paki golliwog jigaboo darkie sambo spastic mongoloid libtard fucktard
subhuman untermensch hentai creampie bukkake dildo bastard moron imbecile cretin halfwit scumbag
douchebag pissoff rapist
""".split()
"""Abusive with the endings -s, -es, -y, -ies, -ed, -er, -ers, -ing, -in, -ish, -head, -hole."""

WORDS = """
shit shits shitty shite shitting shitshow shitload dipshit batshit crackwhore ass-hat asshat
fag fags faggy chinks coons spics niglet rape raped raping rapes pissed pisses kys nonce nonces
pedo pedos paedo paedos incest bestiality necrophilia orgies nympho titties boobies clit dickpic
schlong bollocks tosser tossers bellend minger spaz spazzy retardation bimbo bimbos hoe-bag thot
thots lolita jailbait sieg heil untermenschen zipperhead redskin redskins squaw gyppo pikey pikeys
""".split()
"""Abusive as whole words only: inside others they are harmless ("grape", "Scunthorpe", "pass")."""

GROUPS = """
women woman men girls boys gays lesbians homosexuals transgender trans queers bisexuals muslims
jews christians hindus sikhs catholics atheists buddhists blacks whites asians africans arabs
mexicans latinos indians chinese poles romanians gypsies roma travellers immigrants migrants
refugees foreigners blondes disabled autistic deaf blind fat obese ugly elderly pensioners homeless
poor vegans feminists jewish muslim black asian gay lesbian race races religion religions
ethnicity nationality minorities
""".split()
"""Words for groups of people, to recognise hate aimed at them."""

TARGETS = """
customers customer clients competitors competitor rivals rival people person him her them boss ex
neighbour neighbor neighbours neighbors kids children teacher colleague colleagues staff everyone
anyone politicians politician president users readers
""".split()
"""Other people whom a brief may ask the copy to insult."""
