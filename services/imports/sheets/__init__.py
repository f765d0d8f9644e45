"""Spreadsheets: a table's rows as acts of an import, with a verdict for each."""
