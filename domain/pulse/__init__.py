"""Pulses: what a group feels, asked in waves, answered by persons who cannot be told apart."""
