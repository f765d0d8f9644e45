"""Sending webhooks: which subscriptions have something to send, and the sending itself."""
