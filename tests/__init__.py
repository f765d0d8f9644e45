"""The tests: they mirror the tree; their names are sentences about behaviour."""
