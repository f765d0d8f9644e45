"""Webhooks: where they may go, what they hold, how they are signed, and what targets may do to them."""
