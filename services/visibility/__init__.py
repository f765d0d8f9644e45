"""What of an organisation a viewer may see: one policy, and its application to events, feeds, answers and names."""
