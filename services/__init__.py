"""The services: how people and machines reach Plimsoll (API, worker, command line)."""
