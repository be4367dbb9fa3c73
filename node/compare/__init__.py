"""The article's experiment on any picture: what it costs as a file, as a thumbnail, and as words."""
