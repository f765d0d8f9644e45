"""Side by side with the peers, in the same run: `python3 run.py bench`. Never part of the test run."""
