"""Marts for analysis elsewhere: facts and dimensions with stable names, described in one registry."""
