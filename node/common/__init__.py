"""What every part of a node may use."""
