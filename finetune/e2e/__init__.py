"""The E2E NLG benchmark: restaurants described from attributes, scored as its authors score it.

The data is never part of the project: a command is given its directory. Not covered here: training
on it, which is the ordinary chain with the recipe `e2e`.
"""
