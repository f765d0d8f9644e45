"""Imports of histories: rows, checks and digests."""
