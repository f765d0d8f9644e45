"""What we have promised to machines, as committed: event schemas and the API's document."""
