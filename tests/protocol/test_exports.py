"""The public names are pinned: to add or take one away is a decision, made here."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

EXPORTS = {
    "protocol.captions": [
        "CaptionCodecs",
        "CodebookId",
        "Coded",
        "History",
    ],
    "protocol.captions.model_codec": [
        "MAX_SIGNS",
        "MAX_SPELLED",
        "MAX_TOKENS",
        "MODELLED",
        "ModelCodec",
    ],
    "protocol.captions.negotiation": ["CodecChoice", "choose_codec", "readable_codecs"],
    "protocol.captions.registry": ["CaptionCodecs", "Codec", "Coded"],
    "protocol.errors": [
        "CaptionError",
        "FrameError",
        "LocalError",
        "LogError",
        "LookError",
        "NodeError",
        "PacketError",
        "PictophoneError",
        "RemoteError",
        "SealError",
        "SignalError",
        "SignatureError",
        "TopicError",
        "UsageError",
        "VersionError",
    ],
    "protocol.frames": [
        "DEFAULT_CODEC",
        "MAX_CAPTION_BYTES",
        "MAX_FRAME_BYTES",
        "MAX_HAD",
        "MAX_LOOK_BYTES",
        "MAX_TAKEN_ALONG",
        "MAX_TEXT_BYTES",
        "Frame",
        "Have",
        "Hold",
        "Line",
        "Picture",
        "Relayed",
        "decode",
        "encode",
    ],
    "protocol.log": [
        "CHANNELS",
        "CHANNEL_OF",
        "Channel",
        "FORMAT",
        "Frame",
        "Header",
        "Joined",
        "Left",
        "METADATA",
        "Message",
        "Meters",
        "Note",
        "PROFILE",
        "Record",
        "SEALED",
        "SESSION",
        "Snapshot",
        "Speech",
        "decode",
        "decode_header",
        "encode",
        "encode_header",
    ],
    "protocol.log.sealing": ["SALT_BYTES", "BlockCipher", "recording_secret", "salt_of"],
    "protocol.look": ["GRID", "PIXEL_BYTES", "SIZES", "coefficients", "decode", "encode"],
    "protocol.sealing": ["FRAME_OVERHEAD", "MAX_NUMBER", "REPLAY_WINDOW", "Greeting", "Opener", "Sealer", "derive"],
    "protocol.speech_sealing": [
        "MAX_PACKET_BYTES",
        "SPEECH_OVERHEAD",
        "TIME_UNIT",
        "BrokerSpeech",
        "SpeechOpener",
        "SpeechSealer",
    ],
    "protocol.room_secret": ["SECRET_BYTES", "RoomSecret"],
    "protocol.passphrase": ["ITERATIONS", "LANES", "MEMORY_KIB", "SALT", "normal_form", "secret_of"],
    "protocol.room_link": ["MAX_BROKER", "SCHEME", "RoomLink", "is_link"],
    "protocol.signalling": [
        "ApplyAnswer",
        "Carries",
        "EndCall",
        "Event",
        "Hello",
        "HereBySpeech",
        "MakeAnswer",
        "MakeOffer",
        "Outgoing",
        "PeerJoined",
        "PeerLeft",
        "PictureWanted",
        "Reason",
        "Room",
        "RoomIsFull",
        "RouteChanged",
        "RoutePolicy",
        "SpeechRoute",
    ],
    "protocol.speech.redundancy": ["MAX_REDUNDANCY", "RedundancyEncoder"],
    "protocol.speech.loss_pattern": ["LossPattern"],
    "protocol.speech.opus_packet": [
        "MAX_FRAME_BYTES",
        "MAX_PACKET_MS",
        "OPUS_RATE",
        "OpusPacket",
        "SAMPLES_PER_MS",
        "begins_pause",
        "configuration",
        "duration_ms",
        "empty_like",
        "has_fec",
        "is_dtx",
        "join",
        "parse",
        "split",
    ],
    "protocol.speech.playout": ["Cause", "Conceal", "Play", "Playout", "PlayoutEvent", "Silence", "Statistics"],
    "protocol.rtp.consent": ["EXPIRES_S", "PATIENCE_S", "RFC_PERIOD_S", "TRUSTED_PERIOD_S", "Consent"],
    "protocol.rtp.receiver_reports": ["EVERY_S", "MAX_PACKETS", "MAX_SENT", "Report", "ReportBlock", "Reporting"],
    "protocol.rtp.retiming": ["SILENCE_EVERY_S", "Push", "RtpRetimer", "RtpTimeline"],
    "protocol.rtp.sequence": ["ReceivedSet", "unwrap"],
    "protocol.rtp.stream": ["RtpArrival", "RtpStream"],
    "protocol.signalling.sdp": ["ask_for_opus", "bounded", "trim", "without_candidates"],
    "protocol.rtp.red": ["MAX_BLOCK_BYTES", "MAX_COPIES", "MAX_OFFSET", "Copy", "fits", "pack", "parse"],
    "protocol.topics": [
        "NODE_LENGTH",
        "ROOM_LENGTH",
        "Letter",
        "Topic",
        "mailbox",
        "node_id",
        "pattern",
        "patterns",
        "room_id",
    ],
}
# What would make the core do I/O, or make it slow to import.
FORBIDDEN = {"aiomqtt", "aiortc", "asyncio", "av", "numpy", "socket", "torch", "node"}


@pytest.mark.parametrize("module", EXPORTS)
def test_public_names(module: str) -> None:
    exported = importlib.import_module(module).__all__
    assert sorted(exported) == sorted(EXPORTS[module])


def test_the_core_imports_nothing_that_does_io() -> None:
    script = f"import sys, json, {', '.join(EXPORTS)}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not FORBIDDEN & set(json.loads(done.stdout))
