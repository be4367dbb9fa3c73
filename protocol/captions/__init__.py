"""Caption codecs, by id: 0 is plain UTF-8, 1 the article's LZW, 2 a language model's, with a codebook.

Reading order: registry (what there is), tokens, delta and capitals (what a caption is made of), model_codec (how it is
coded), arithmetic, mixture, ngrams, gru and codebook (with which chances), history, negotiation.
"""

from protocol.captions.codebook_id import CodebookId
from protocol.captions.history import History
from protocol.captions.registry import CaptionCodecs, Coded

__all__ = ["CaptionCodecs", "CodebookId", "Coded", "History"]
