"""The one error of this room."""


class DeployError(Exception):
    """A deployment stopped; the message says what was wrong, where, and what to do."""
