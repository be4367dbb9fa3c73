"""Rooms as people name them: links, words, saved names, passphrases. Enter by `resolve`."""

from node.rooms.resolve import ResolvedRoom, resolve

__all__ = ["ResolvedRoom", "resolve"]
