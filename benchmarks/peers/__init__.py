"""What one would deploy instead, measured beside the function in the same run.

Each peer runs in functions-framework like the function, in an environment of its own that the
benchmark makes under build/peers/, and writes copy of one length after a prompt that lies ready as
tokens. A peer does no checking, choosing or routing; the function does all of that.
"""
