"""A person's commands: what one asks and says every day, over HTTP with the key of one's own."""
