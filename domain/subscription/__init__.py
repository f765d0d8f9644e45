"""Subscriptions: which events are sent where, for which member."""
