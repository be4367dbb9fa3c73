"""Caption codecs, by id: 0 is plain UTF-8, 1 the article's LZW, 2 words with a codebook."""

from protocol.captions.history import History
from protocol.captions.identity import Codebook
from protocol.captions.registry import CODECS, Coded, check_codebook, codebooks, decode, encode, name, newest

__all__ = [
    "CODECS",
    "Codebook",
    "Coded",
    "History",
    "check_codebook",
    "codebooks",
    "decode",
    "encode",
    "name",
    "newest",
]
