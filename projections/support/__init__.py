"""The support report: needs, blockers and how fast they were met."""
