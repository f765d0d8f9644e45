"""The marts and the log as Delta tables, in a folder or an object store, exactly once in effect."""
