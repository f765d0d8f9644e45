"""One caller against all others, minutes each; `python3 run.py test -m long tests/long/attacks` runs them.

A large organisation attacks, a small one is measured: without the attacker, then with it. Figures are printed at the
end. The machine may be shared, so a bound is a number or a multiple of what was measured without the attacker,
whichever is more.
"""
