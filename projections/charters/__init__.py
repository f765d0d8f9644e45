"""Charters and their rituals, as read models."""
