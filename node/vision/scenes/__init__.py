"""Drawn scenes, the training world of the embedded models: their attributes, pictures and captions."""

from node.vision.scenes.changes import SceneSequence
from node.vision.scenes.drawing import draw
from node.vision.scenes.grammar import attributes_of, caption, phrasings
from node.vision.scenes.sampling import held_out, sample
from node.vision.scenes.world import Creature, Person, Scene, Variation, attributes, variation_of

__all__ = [
    "Creature",
    "Person",
    "Scene",
    "SceneSequence",
    "Variation",
    "attributes",
    "attributes_of",
    "caption",
    "draw",
    "held_out",
    "phrasings",
    "sample",
    "variation_of",
]
