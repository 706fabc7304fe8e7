"""Who answers a request: fal, or the offline preview."""
