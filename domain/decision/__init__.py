"""A decision within a time-box, by consent."""
