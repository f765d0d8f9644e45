"""What became of promises, and how long both sides take to answer: read model and report."""
