"""Evaluation: what copy of any generator is worth, in numbers, tables, plots and a report.

Not covered here: where the copy comes from (finetune/generators/), benchmarks and probes with data
of their own (e2e/, probe/, bias/), people who judge (judge/) and talks (slides/).
"""
