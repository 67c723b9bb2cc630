"""Measured by hand or by `make bench`, and printed. No test depends on any of it: machines differ, and are shared."""
