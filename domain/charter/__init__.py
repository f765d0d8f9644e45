"""The goal: a promise between an owner and a sponsor, and the conversation that changes it."""
