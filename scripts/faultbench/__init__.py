"""How long speech stops when something breaks: real calls of two processes, and faults between them."""
