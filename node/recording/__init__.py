"""Recordings of calls: written while the call runs, read, checked and edited."""
