"""API keys as facts: who made one, for whom, what it opens, and when it ends. The key itself is in no fact."""
