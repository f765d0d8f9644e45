"""The pages: one module each, beside its template."""
