"""Whether copy changes with the group of people that a brief names, and what the filter catches.

Not covered here: the safety filter itself (tinycopy/safety.py).
"""
