"""The rules of promises and of how they change: pure, no I/O, no clock, no random id."""
