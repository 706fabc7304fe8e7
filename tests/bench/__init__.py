"""Benchmarks: measured beside the obvious way, in the same run."""
