"""Integrations in a few lines each, made with the client library; the tests run them."""
