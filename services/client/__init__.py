"""A person's commands, for every day: over HTTP, with that person's key."""
