"""Everything that touches the world: devices, links, models, the command line."""

from node import codebook
from protocol.captions import words

words.supply(codebook.read)
