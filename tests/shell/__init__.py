"""A person's commands, called against a real server."""
