"""How hard a passphrase is to guess."""

from __future__ import annotations

from protocol.errors import UsageError
from protocol.passphrase import normal_form

# Guesses, as a power of ten, that zxcvbn (Wheeler, USENIX Security 2016) thinks a passphrase takes. At 0.4 s and
# 256 MiB each they take one computer a million years, and a thousand of them a thousand.
MIN_GUESSES_LOG10 = 14.0
MAX_JUDGED = 72  # characters that zxcvbn looks at: its time grows faster than their number
OURS = ["pictophone", "treehouse", "room", "call"]  # what everybody would try first: it stands in the manual


def check_strength(passphrase: str) -> None:
    """Raises UsageError, which repeats nothing of it, if the passphrase is too easy to guess."""
    from zxcvbn import zxcvbn

    judged = normal_form(passphrase)[:MAX_JUDGED]
    if judged and zxcvbn(judged, user_inputs=OURS)["guesses_log10"] >= MIN_GUESSES_LOG10:
        return
    raise UsageError(
        "this is no room that you have saved, and too easy to guess for a passphrase: take four or more words that do "
        "not belong together, or make a room: pictophone room new"
    )
