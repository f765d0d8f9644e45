"""What happened to a stream, field by field, and in plain words."""
