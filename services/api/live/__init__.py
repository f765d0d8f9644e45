"""Live events: one reader of the log for all of a process's streams and waiting pulls."""
