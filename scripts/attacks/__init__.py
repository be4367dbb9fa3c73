"""A malicious broker between two real nodes, and what it tries: `scripts/attack`."""
