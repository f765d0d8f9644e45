"""Pulses and the report on them."""
