"""The overload report: load against capacity, additions and what they displace."""
