"""Briefs in a line, for the tests of how they are read."""

import msgspec

from tinycopy.brief import Brief


def of(**fields: object) -> Brief:
    """A slogan's brief with these fields."""
    return msgspec.convert({"type": "slogan", **fields}, Brief)
