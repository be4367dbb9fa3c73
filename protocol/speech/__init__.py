"""Opus packets on the wire, and when to play them."""
