"""Load rigs, run by hand or by `make bench`: `python -m tests.benchmarks --help` lists the scenarios.

The bridge runs as users run it, in a process of its own; a fake gateway (`fake_gateway`) streams answers at a set
rate, and a fake Telegram (`fake_telegram`) asks the questions and keeps what people see. Everything is on loopback and
on one clock, CLOCK_MONOTONIC, so that what the bridge adds to the gateway's own time can be computed. Linux only: the
figures of processes are read from /proc. Machines differ and are shared, so CPU and ratios within one run count for
more than wall-clock times, and no test depends on a figure.
"""
