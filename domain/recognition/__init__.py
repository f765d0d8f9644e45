"""Recognitions: what one member says of another for a goal or a cycle."""
