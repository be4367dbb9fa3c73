"""Speech as lines of text, and lines of text as speech: by models in processes of their own, at the lowest priority."""
