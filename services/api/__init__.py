"""The HTTP API: one routes module per resource, no rule of the domain in any of them."""
