"""Speed, memory and cost of serving, measured against what one would deploy instead.

Each command (`python -m benchmarks.cold`, `warm`, `memory`, `cost`, `peers`, or `all`) pairs its
sides in one run, prints a table, and saves JSON and a plot in benchmarks/results/, from which
docs/performance.md is made. Linux only: processes are pinned and read from /proc. Not here: how
good the copy is (finetune/), what a month costs with free tier and network (deploy/cost.py).
"""
