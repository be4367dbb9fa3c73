"""One node of a call: everything it is made of, in the order in which data passes through it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from node.call.chat import Chat
from node.call.endpoints import Endpoints, NoCamera, NodeModels, NoSink, NoSource, Rendezvous
from node.call.floor_control import FloorControl
from node.call.membership import RoomMembership
from node.call.observers import Observers
from node.call.presence import Presence
from node.call.stats import CallStats
from node.call.words import CallWords
from node.captions.frame_reader import CaptionReader
from node.common.loop_lag import LagWatch
from node.speech.level_meter import MeteredSink, MeteredSource
from node.speech.profile_control import ProfileControl
from node.speech.receiver import SpeechReceiver
from node.speech.send_stream import SendStream
from node.speech.sender import SpeechSender, encoder_for
from node.vision.gate import Gate
from node.vision.morph import Morph, Screen
from node.vision.people.identity import Identity
from node.vision.people.narrator import Narrator
from node.vision.receiver import PictureReceiver, Show
from node.vision.seeds import Easel, SeedChooser
from node.vision.sender import PictureSender
from protocol.signalling import Carries

if TYPE_CHECKING:
    from PIL import Image

    from node.speech.profiles import Profile
    from node.vision.people.narrator import Sight
    from node.vision.types import Prompt

logger = logging.getLogger(__name__)

# After the last sound of a voice, a person still talks: breaths and the pauses between sentences are shorter.
VOICE_LASTS_S = 1.0


class Node:
    """One participant in a call. Wiring only: the parts pass data to each other and to the room.

    `show` gets every painted picture, `screen` each picture of a peer as it is to be shown, `note` a line for the user.
    The `observers` are notified of all that crosses the wire, and may be added and removed during the call. `member`
    makes its membership: in a room, or of an audience.
    """

    def __init__(
        self,
        name: str,
        place: Rendezvous,
        ends: Endpoints,
        *,
        show: Show | None = None,
        screen: Screen | None = None,
        note: Callable[[str], None] = logger.info,
        clock: Callable[[], float] = time.monotonic,
        member: Callable[..., RoomMembership] = RoomMembership,
    ) -> None:
        def note_observed(text: str) -> None:
            self.observers.noted(text)
            note(text)

        self.name, self._note = name, note_observed
        self._stats = CallStats(clock(), ends.profile.name)
        self.room = member(
            name, place, ends.carries, ends.captions.codecs, note=note_observed, meter=self._stats.meter, clock=clock
        )
        self.observers = Observers(faults=self.room.faults)
        self.id = self.room.node_id
        self._camera = ends.camera or NoCamera()
        self.identity = ends.identity or Identity()
        self._narrator = Narrator(self.identity, self._hears_voice)
        self.room.subscribe(self.observers)
        self._presence = Presence(self.room, self.observers, note_observed, clock)
        # both ways: what is typed -> caption codec -> room -> caption codec -> observers
        self.chat = Chat(self.room, self.observers, ends.captions, note=note_observed, clock=clock)
        self.room.subscribe(self.chat)
        self._words = CallWords(ends.words, self.chat, self.observers, self._note, clock, ends.source is not None)
        self._wire_speech(ends, clock)
        self._wire_pictures(ends, show, screen, clock)
        self._picture_sender.narrator = self._narrator

    def _wire_speech(self, ends: Endpoints, clock: Callable[[], float]) -> None:
        room, stats, note = self.room, self._stats, self._note
        self._clock = clock

        # out: source -> level meter -> encoder and bundler -> every peer
        self._source = MeteredSource(ends.source or NoSource(), stats.sent_level)
        encoder = encoder_for(ends.profile, ends.lyra_sent, room.all_listeners_take_lyra)
        fills, words = room.a_listener_takes_high_band, self._words.tapped(self._source)
        self._stream = stream = SendStream(words, ends.profile, encoder, fills)
        self._speech_sender = SpeechSender(
            stream,
            room.speech,
            stats.speech_out,
            sent=self.observers.speech_sent,
            takes_lyra=room.all_listeners_take_lyra if ends.lyra_sent else None,
            clock=clock,
            note=note,
        )

        # in: every peer -> jitter buffer and decoder -> mix -> level meter -> sink
        self._speech_receiver = SpeechReceiver(
            MeteredSink(ends.sink or NoSink(), stats.received_level),
            stats.speech_in,
            lookahead_ms=stream.lookahead_ms,
            round_trip_seconds=room.speech.round_trip_seconds,
            new_decoder=ends.new_decoder,
            also=self._words.pull,
            clock=clock,
            faults=room.faults,
        )

        self._profiles = self._profile_control(ends, clock)
        room.subscribe(self._speech_sender, self._speech_receiver, self._profiles)

        # while others speak, nothing is sent: members -> floor -> source and stream
        self.floor: FloorControl | None = None
        if ends.floor_limit_s is not None and Carries.PUSH_TO_TALK in room.carries:
            given = (room, self._source, stream, self.observers)
            self.floor = FloorControl(*given, limit_s=ends.floor_limit_s, note=note, clock=clock)
            room.subscribe(self.floor)

    def _profile_control(self, ends: Endpoints, clock: Callable[[], float]) -> ProfileControl:
        # reports of the peers, or the user -> rate controller -> profile of the stream
        room = self.room
        return ProfileControl(
            self._stream,
            room.peers,
            max_kbps=ends.max_kbps,
            adapts=ends.adapts,
            sends=Carries.SPEECH_OUT in room.carries,
            writes=self._words.writes,
            clock=clock,
            note=self._note,
        )

    def _wire_pictures(
        self, ends: Endpoints, show: Show | None, screen: Screen | None, clock: Callable[[], float]
    ) -> None:
        room, stats, note = self.room, self._stats, self._note
        self._models = models = NodeModels(ends.models, self.id)
        # out: camera -> gate -> captioner -> narrator -> caption codec -> room
        self._picture_sender = PictureSender(
            self._camera,
            Gate(),
            models,
            room,
            self.observers,
            stats.pictures_out,
            ends.captions,
            seeds=SeedChooser(ends.tries, Easel(models.try_out, models.look_at)),
            look_bytes=ends.look_bytes,
            clock=clock,
            note=note,
        )

        # in: room -> caption codec -> generator -> folder, and morph -> screen
        self._picture_receiver = PictureReceiver(
            models.paint,
            show,
            stats.pictures_in,
            painted=self.observers.painted,
            morph=None if screen is None else Morph(ends.morph_fps, models.paint_between, screen, clock),
            clock=clock,
            note=note,
            faults=room.faults,
        )
        self._caption_reader = CaptionReader(
            ends.captions,
            on_frame=self.observers.frame_received,
            on_picture=self._picture_receiver.receive,
            reject=room.reject_picture,
            measures=self.observers.want_bits,
            faults=room.faults,
        )
        room.subscribe(self._picture_sender, self._picture_receiver, self._caption_reader)

    async def run(self) -> None:
        """Take part until cancelled, then say goodbye. Raises NodeError when a part cannot go on."""
        work = {
            "loop lag": LagWatch(self._stats.loop_lag).run,
            "speech in": self._speech_receiver.run,
            "speech out": self._speech_sender.run,
            "camera": self._picture_sender.run,
            "captions": self._caption_reader.run,
            "pictures": self._picture_receiver.run,
            "lines": self.chat.run,
            **self._words.works(),
            "missing links": self._presence.missing.run,
        }
        if self.floor is not None:
            work["floor"] = self.floor.run
        try:
            await self.room.run(work)
        finally:
            await self._camera.close()

    @property
    def broker_is_up(self) -> bool:
        """Whether the broker is connected."""
        return self.room.broker_is_up

    def link(self, peer: str) -> str:
        """Return the state of speech with a peer (see `RoomMembership.link_state`)."""
        return self.room.link_state(peer)

    def route(self, peer: str) -> str:
        """Return the way that speech takes with a peer (see `RoomMembership.route`)."""
        return self.room.route(peer)

    def routes(self) -> dict[str, str]:
        """Return the way that speech takes with each peer that is present, by its name."""
        return self.room.routes()

    def peers(self) -> list[str]:
        """Return the names of the peers that are present."""
        return self.room.names()

    def shown_peers(self) -> list[str]:
        """Return the same with what is wrong with each, and those that other members vouch for."""
        return self._presence.shown()

    def count(self) -> CallStats:
        """Return the counts up to now."""
        missing = self._presence.missing
        self._stats.never_spoken_with, self._stats.spoken_with = missing.never_spoken_with(), missing.spoken_with()
        self._stats.floor = None if self.floor is None else self.floor.counts
        self._stats.profile = self._profiles.profile.name
        self._stats.join(self.room, self._speech_receiver.snapshot(), self._caption_reader.received)
        return self._stats

    def queues(self) -> dict[str, int]:
        """Return how many wait now: pictures to be painted, messages for the broker."""
        pictures = self._caption_reader.waiting + self._picture_receiver.waiting
        return {"pictures": pictures, "broker": self.room.channel.link.waiting}

    def delay_ms(self) -> float | None:
        """Return mouth to ear, now; None while no peer is audible."""
        return self._speech_receiver.delay_ms()

    @property
    def sight(self) -> Sight | None:
        """See `Narrator.sight`."""
        return self._narrator.sight

    async def preview(self, prompt: Prompt) -> Image.Image:
        """See `NodeModels.preview`. Raises NodeError if no generator is loaded, or if this picture gets no painting."""
        return await self._models.preview(prompt)

    @property
    def _speaks(self) -> bool:
        """Whether what is said here goes to the others, as sound or as text."""
        return Carries.SPEECH_OUT in self.room.carries or self._words.writes

    @property
    def muted(self) -> bool:
        """Whether nothing but silence is sent."""
        return self._source.muted

    def _hears_voice(self) -> bool | None:
        """Return whether there was a voice a moment ago; None if the node hears none by itself, or is muted."""
        if not self._speaks or self.muted:
            return None
        return self._clock() - self._stream.voice_at < VOICE_LASTS_S

    def toggle_mute(self) -> None:
        """Mute the source, or unmute it, and note that."""
        if self._speaks:
            self._source.muted = not self._source.muted
            self._note("muted: nobody hears you" if self._source.muted else "no longer muted")
        else:
            self._note("there is nothing to mute: nothing that is said here goes to the others")

    def change(self, profile: Profile) -> None:
        """Send speech by other settings from now on, whatever the links do to them."""
        self._profiles.change(profile)

    def speaks_to_audience(self) -> None:
        """Send speech in no way that some of an audience could not decode well."""
        self._profiles.speaks_to_audience()

    def follow_the_link(self) -> None:
        """Send speech by what the links carry from now on, as far as the settings let it."""
        self._profiles.follow_the_link()
