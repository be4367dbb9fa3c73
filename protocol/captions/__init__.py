"""Caption codecs, by id: 0 is plain UTF-8, 1 the article's LZW."""

from protocol.captions.registry import CODECS, Coded, decode, encode, newest

__all__ = ["CODECS", "Coded", "decode", "encode", "newest"]
