"""The backends that answer requests: fal, and the offline preview."""
