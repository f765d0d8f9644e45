"""HTTP: parsing, responses, problems."""
