"""Campaigns of webhooks."""
