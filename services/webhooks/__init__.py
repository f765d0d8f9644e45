"""Webhooks: where a message may go, what it holds, how it is signed, and when it is sent again."""
