"""Every sensible codec setting on a recording: what it costs, how it sounds, and which one to take."""
