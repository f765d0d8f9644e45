"""What waits for one member: the inbox and the digest."""
