"""Real people as captions: who they are is said once, what they do is seen, and words change only when that does."""
