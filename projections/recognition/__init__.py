"""Recognitions and the report on them."""
