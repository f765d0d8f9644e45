"""A cycle: a quarter or a project that begins by restating the purpose and ends by looking back."""
