"""The tensions report: patterns of purpose against performance, since when each shows, and what was tried."""
