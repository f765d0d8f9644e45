"""Bulk append: a history decided aside and committed at once."""
