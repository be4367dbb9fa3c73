"""What a person does, by the evidence of one snapshot.

A gesture is meant and outranks the face; of a face, what hides the rest outranks it. What decides over several
snapshots (a person's own open eyes, a voice) reads the same evidence and may hold another opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from node.vision.scenes.world import Action

Evidence = Mapping[str, float]

# Thumbs that are up have .56 to .81, fists and waves .4 at most once hanging hands are left out.
THUMB = 0.48

# Hands are there or not: their certainty is near 1 if so.
GESTURE = 0.6

# What the detector must make of a cup at the mouth, and of a telephone, which a wallet also resembles.
CUP, PHONE = 0.35, 0.5

# Lids that hang because the eyes look down are not closed: narrow eyes that look at the screen blink more (.67) than
# closed ones do (.61 to .66), but then they mostly look down by .1 more than their lids hang, and press them less. Lids
# beyond CLOSED are closed whatever else they do. In one snapshot this stays a guess: what remembers a person's open
# eyes should compare with them.
BLINK, BLINK_BEYOND_DOWN, SQUINT, CLOSED = 0.58, -0.02, 0.4, 0.82

# Mouths that rest or smile have .15 at most, laughing ones more.
JAW, JAW_LAUGHING = 0.2, 0.35

# Smiles have .56 and more, mouths at rest .43 at most.
SMILE = 0.5

# Degrees. A face at rest turns up to 11; the eyes make up for some of a head's turn, but who turns the head by AWAY_YAW
# looks elsewhere even if the eyes are still here.
AWAY_TURN, AWAY_YAW = 18.0, 26.0

# Degrees by which a picture lies on its side: what is up and what is down in it is no longer known.
LYING = 60.0

# Pixels from hairline to chin. A smaller face has no lids and no lips.
LEAST_FACE = 22.0


def eyes_closed(evidence: Evidence) -> bool:
    """Return whether both eyes are closed."""
    blink, down = evidence.get("blink", 0.0), evidence.get("down", 0.0)
    if evidence.get("smile", 0.0) > SMILE:
        return False  # laughing
    pressed = evidence.get("squint", 0.0) > SQUINT and blink - down > BLINK_BEYOND_DOWN
    return blink > CLOSED or (blink > BLINK and pressed)


def mouth_open(evidence: Evidence) -> bool:
    """Return whether the jaw is open further than that of a smile."""
    return evidence.get("jaw", 0.0) > (JAW_LAUGHING if evidence.get("smile", 0.0) > SMILE else JAW)


def looks_away(evidence: Evidence) -> bool:
    """Return whether the head, or the head with the eyes, is turned away from the camera."""
    return abs(evidence.get("turn", 0.0)) > AWAY_TURN or abs(evidence.get("yaw", 0.0)) > AWAY_YAW


def _above(name: str, least: float) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.get(name, 0.0) > least


# The first that holds is the action. Poses of the hands come last: a smile says more than where the hands are.
GESTURES: tuple[tuple[Action, Callable[[Evidence], bool]], ...] = (
    (Action.THUMBS_UP, _above("thumb", THUMB)),
    (Action.WAVING, _above("wave", GESTURE)),
)
HELD: tuple[tuple[Action, Callable[[Evidence], bool]], ...] = (
    (Action.DRINKING, _above("cup", CUP)),
    (Action.PHONE, _above("phone", PHONE)),
)
FACES: tuple[tuple[Action, Callable[[Evidence], bool]], ...] = (
    (Action.SLEEPING, eyes_closed),
    (Action.TALKING, mouth_open),
    (Action.SMILING, _above("smile", SMILE)),
    (Action.LOOKING_AWAY, looks_away),
)
POSES: tuple[tuple[Action, Callable[[Evidence], bool]], ...] = (
    (Action.POINTING, _above("point", GESTURE)),
    (Action.LEANING, _above("lean", GESTURE)),
    (Action.HANDS_TOGETHER, _above("together", GESTURE)),
)


def action_of(evidence: Evidence) -> Action | None:
    """Return the action of a person that is there, None if it cannot be seen: no face, or one too small."""
    upright = abs(evidence.get("roll", 0.0)) < LYING
    visible = evidence.get("pixels", 0.0) >= LEAST_FACE
    rules = (
        *(GESTURES if upright else ()),
        *HELD,
        *(FACES if visible else ()),
        *(POSES if upright else ()),
    )
    found = next((action for action, holds in rules if holds(evidence)), None)
    return found or (Action.NOTHING if visible else None)
