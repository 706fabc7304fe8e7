"""Our table of endpoints against what fal publishes: `make facts`, which needs the network."""
