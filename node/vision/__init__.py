"""Pictures: cameras that see, models that put a picture into words and words into a picture, in a process apart."""
