"""Members: who they are, what they can do in a week, and when they are away."""
