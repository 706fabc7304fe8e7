"""One request's life, from submit to result."""
