"""Cycles and their reviews, as read models."""
