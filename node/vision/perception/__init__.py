"""Perception of real people and things in one snapshot, by small pretrained models."""
