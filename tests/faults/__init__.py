"""Nothing lost, tried: real processes, a real store and three platforms, while everything that can fail does.

A plan (`plan.py`) holds what people ask and what goes wrong, drawn by a seed; a world (`world.py`) plays it; the judge
(`judge.py`) compares what people saw with what the history holds. `python -m tests.faults` is the long form.
"""
