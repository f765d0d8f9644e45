"""Errors of a lake."""

from __future__ import annotations


class LakeUnavailable(Exception):  # noqa: N818 - a state of the world, named like the ledger's
    """The lake cannot be read or written; what was complete before is complete still, and trying again is right."""


class LakeRefused(Exception):  # noqa: N818 - named after what happened
    """The lake cannot take this sync; its text says why, and what to do. Nothing in it was touched."""
