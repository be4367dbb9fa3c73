"""Recorded calls: written while they run, read, replayed, changed and shown."""
