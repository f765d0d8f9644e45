"""Hints that something was committed: within a process, or through Redis."""
