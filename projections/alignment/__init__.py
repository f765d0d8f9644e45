"""The alignment report: what each goal serves."""
