"""Benchmarks: measured beside what people write today, in the same run."""
