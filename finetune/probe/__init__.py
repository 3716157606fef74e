"""The probe: briefs unlike those of the deck, to see what a generator does with them.

Its products and niches are not in the deck, and its names, prices and prompts are of the awkward
kinds that callers send. There is no reference copy: only the checks score it.
"""
