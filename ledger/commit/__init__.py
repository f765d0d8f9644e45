"""How commands become committed events: a queue, group commit, and the outcome of each command."""
