"""What a node tells the others that it sends and takes."""

from __future__ import annotations

from typing import Any

import pytest

from node.call.endpoints import Endpoints
from node.captions.coder import ThreadCoder, shipped_codecs
from node.speech.profiles import LEAN
from protocol.signalling import Carries


@pytest.mark.parametrize(
    ("ends", "carries"),
    [
        ({}, Carries.NOTHING),
        ({"source": object()}, Carries.SPEECH_OUT),
        ({"sink": object()}, Carries.SPEECH_IN),
        ({"camera": object()}, Carries.PICTURES_OUT),
        ({"paints": True}, Carries.PICTURES_IN),
        ({"sink": object(), "lyra": object()}, Carries.SPEECH_IN | Carries.LYRA_IN),
        ({"source": object(), "lyra": object()}, Carries.SPEECH_OUT),
        ({"source": object(), "sink": object(), "camera": object(), "paints": True}, Carries.EVERYTHING),
    ],
)
def test_the_hello_says_which_ends_there_are(ends: dict[str, Any], carries: Carries, fake_models: Any) -> None:
    assert Endpoints(LEAN, fake_models, ThreadCoder(shipped_codecs()), **ends).carries == carries
