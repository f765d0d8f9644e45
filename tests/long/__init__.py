"""Checks that take many minutes; `python3 run.py test -m long` runs them, `tests/long/faults` behind it some."""
