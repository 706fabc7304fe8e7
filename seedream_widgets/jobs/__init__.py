"""One request from submit to result."""
