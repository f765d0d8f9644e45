"""Experiments: a tension is taken up, tried, looked at on an agreed day, and kept or dropped."""
