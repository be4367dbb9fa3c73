"""Recordings played again: in the terminal, in a browser, or into a room."""
