"""The drift report: goals gone silent, moved, or cut off from what they serve."""
