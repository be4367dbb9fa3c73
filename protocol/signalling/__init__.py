"""Call set-up: the peers in the room, offer, answer, bye.

Reading order: messages (what is sent), states (the table), peer_call, route, liveness, full_room, room (all of it),
events (what the node has to do), sdp and sdp_compression.
"""

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
    RouteChanged,
)
from protocol.signalling.messages import Carries, Hello, Reason
from protocol.signalling.room import Room
from protocol.signalling.route import RoutePolicy, SpeechRoute

__all__ = ["ApplyAnswer", "Carries", "EndCall", "Event", "Hello", "MakeAnswer", "MakeOffer", "Outgoing"]
__all__ += ["PeerJoined", "PeerLeft", "Reason", "Room", "RoomIsFull", "RouteChanged", "RoutePolicy", "SpeechRoute"]
