"""The terminal: status lines, keys and summaries."""
