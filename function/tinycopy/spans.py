"""Proper names and numbers in a text, the spans that copy must repeat character by character."""

import re

NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_APOSTROPHES = "'\u2019"
_CAPITALISED = rf"[^\W\d_a-z][\w{_APOSTROPHES}.&+-]*[\w+]"
_JOIN = r"(?:(?:&|and|of|the|de|la|du|von) )?"
_NEXT_WORD = rf"(?: {_JOIN}(?:{_CAPITALISED}|\d+(?![\w.,:/])))"
NAME = re.compile(rf"(?<![\w{_APOSTROPHES}]){_CAPITALISED}{_NEXT_WORD}{{0,4}}(?!\w)")
NAME_OR_NUMBER = re.compile(f"{NAME.pattern}|{NUMBER.pattern}")
