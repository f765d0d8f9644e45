"""Computing on a cluster what the read models hold, from the lake's events."""
