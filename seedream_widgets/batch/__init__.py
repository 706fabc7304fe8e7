"""Batches: many requests planned, priced, run and continued as one, with their results as data."""
