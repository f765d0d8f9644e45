"""The client library, against a real server."""
