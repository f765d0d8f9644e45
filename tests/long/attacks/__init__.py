"""One caller against all others, minutes each; `python3 run.py test -m long tests/long/attacks` runs them.

A large organisation attacks, a small one is measured: without the attacker, then with it. Figures are printed at the
end. `PLIMSOLL_TEST_MEMBERS` (2000, with ten goals each; at least 200) makes a smaller one. The machine may be shared:
a bound is a number or a multiple of what was measured without the attacker, whichever is more.
"""
