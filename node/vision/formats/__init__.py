"""Picture formats that Pillow alone does not decode, or not in little memory: one file a format."""
