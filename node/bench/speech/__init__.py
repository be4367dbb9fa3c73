"""Measures speech codecs and settings."""
