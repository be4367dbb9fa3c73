"""Measures a call of two real nodes on a link of its own: scripts/measure_wire is its command."""
