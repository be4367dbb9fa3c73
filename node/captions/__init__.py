"""Captions as bytes: coded and read beside the event loop, so that speech never waits for words."""
