"""Rooms as people name them: links, words, saved names, passphrases. `resolve` is the way in."""

from node.rooms.resolving import ResolvedRoom, resolve

__all__ = ["ResolvedRoom", "resolve"]
