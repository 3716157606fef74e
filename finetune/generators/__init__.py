"""Generators: whatever writes copy for briefs, from a base model to a running function.

Not covered here: what their copy is worth (finetune/evaluation/).
"""
