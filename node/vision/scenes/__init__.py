"""The drawn world that the embedded models know: its attributes, its pictures, its captions, its camera."""

from node.vision.scenes.changes import Story
from node.vision.scenes.drawing import draw
from node.vision.scenes.grammar import attributes_of, caption, phrasings
from node.vision.scenes.world import Creature, Person, Scene, Unnamed, attributes, held_out, sample, unnamed

__all__ = [
    "Creature",
    "Person",
    "Scene",
    "Story",
    "Unnamed",
    "attributes",
    "attributes_of",
    "caption",
    "draw",
    "held_out",
    "phrasings",
    "sample",
    "unnamed",
]
