"""Rooms as people name them: links, words, saved names, passphrases. `resolve` is the way in."""

from node.rooms.resolve import ResolvedRoom, resolve

__all__ = ["ResolvedRoom", "resolve"]
