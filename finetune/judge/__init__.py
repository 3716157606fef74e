"""People judge copy without knowing who wrote it: the sheet they fill in, and what they say.

Not covered here: scores that a program can give (finetune/evaluation/).
"""
