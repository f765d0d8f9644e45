"""Peers: each runs in a process and an environment of its own; nothing of Plimsoll is imported here."""
