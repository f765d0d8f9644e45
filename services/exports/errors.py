"""Errors of exports."""

from __future__ import annotations


class FormatUnavailable(Exception):  # noqa: N818 - a state of the installation
    """This installation cannot write that format; its text says what is missing."""


class FolderRefused(Exception):  # noqa: N818 - named after what happened
    """The folder cannot take an export; its text says why. Nothing in it was touched."""
