"""The event feed: pages by position, and the live stream."""
