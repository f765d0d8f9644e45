"""Read models, each on both databases."""
