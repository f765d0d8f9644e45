"""Marts as files: NDJSON, CSV, Arrow and Parquet, whole or not at all, incremental by position."""
