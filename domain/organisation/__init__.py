"""The organisation: its name, zone, stewards and policies."""
