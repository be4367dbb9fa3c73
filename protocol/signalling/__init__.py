"""Call set-up: who is in the room, offer, answer, bye."""

from protocol.signalling.events import (
    ApplyAnswer,
    EndCall,
    Event,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    PeerJoined,
    PeerLeft,
    RoomIsFull,
)
from protocol.signalling.messages import Carries, Hello, Reason
from protocol.signalling.room import Room

__all__ = ["ApplyAnswer", "Carries", "EndCall", "Event", "Hello", "MakeAnswer", "MakeOffer", "Outgoing"]
__all__ += ["PeerJoined", "PeerLeft", "Reason", "Room", "RoomIsFull"]
