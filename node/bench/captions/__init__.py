"""Measures caption codecs."""
