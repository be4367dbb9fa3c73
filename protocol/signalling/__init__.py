"""Call set-up: the peers in the room, offer, answer, bye.

Reading order: messages and news (what is sent), states (the table), peer_call, route, liveness, full_room,
picture_requests, by_speech, room (all of it), events (what the node has to do), sdp and sdp_compression. Apart from
them: floor_words, floor_claims, floor (who may speak).
"""

from protocol.signalling.events import (
    ApplyAnswer,
    EndCall,
    Event,
    HereBySpeech,
    MakeAnswer,
    MakeOffer,
    Outgoing,
    PeerJoined,
    PeerLeft,
    PictureWanted,
    RoomIsFull,
    RouteChanged,
)
from protocol.signalling.messages import Carries, Hello, Reason
from protocol.signalling.room import Room
from protocol.signalling.route import RoutePolicy, SpeechRoute

__all__ = ["ApplyAnswer", "Carries", "EndCall", "Event", "Hello", "HereBySpeech", "MakeAnswer", "MakeOffer"]
__all__ += ["Outgoing", "PeerJoined", "PeerLeft", "PictureWanted", "Reason", "Room"]
__all__ += ["RoomIsFull", "RouteChanged", "RoutePolicy", "SpeechRoute"]
