"""What measures the node from outside; nothing of it runs in a call."""
