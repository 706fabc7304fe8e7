"""Many requests as one value: planned, priced, run, continued, and data at the end."""
