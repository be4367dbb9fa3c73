"""How many listeners a broker carries: one speaker, and thousands of connections in one process."""
