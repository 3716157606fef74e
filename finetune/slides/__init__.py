"""A talk of about ten slides from the same saved metadata as the report.

Not covered here: the report itself (finetune/evaluation/report.py).
"""
