"""Bad days of a deployed Plimsoll, minutes each; `python3 run.py test -m long tests/long/faults` runs them.

Everything is asked and judged from outside: HTTP, the command line, the database's own tables. The random ones print
their seed; `PLIMSOLL_TEST_SEED` repeats it.
"""
