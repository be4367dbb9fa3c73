"""Compares ways to send a picture."""
