"""The engine that folds events into read models, rebuilds and verifies them."""
