"""Decisions and the report on them."""
