"""Measures captioning and picture models."""
