"""Every part of a deployment killed, again and again, under load: `python3 run.py test -m long tests/long/kills`.

A hundred kills in twenty-five minutes, the seed is printed. `PLIMSOLL_TEST_KILLS` and `PLIMSOLL_TEST_MINUTES` make it
shorter, `PLIMSOLL_TEST_SEED` repeats it.
"""
