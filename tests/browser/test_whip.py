"""A browser that speaks and offers more than speech: its audio is taken whatever the rest is."""

from __future__ import annotations

import pytest
from chromium import Browser
from web_client import a_page

from node.web.server import serve

SPEAK = """
(async () => {
  const context = new AudioContext(), tone = context.createOscillator(), out = context.createMediaStreamDestination();
  tone.connect(out); tone.start();
  const canvas = document.createElement("canvas");
  canvas.getContext("2d");
  window.peer = new RTCPeerConnection();
  peer.addTransceiver(out.stream.getAudioTracks()[0], {direction: "sendonly"});
  const video = peer.addTransceiver(canvas.captureStream(5).getVideoTracks()[0], {direction: "sendonly"});
  const known = RTCRtpSender.getCapabilities("video").codecs.filter((one) => one.mimeType === "video/%s");
  if (!known.length) return "unknown";
  video.setCodecPreferences(known);
  peer.createDataChannel("x");
  await peer.setLocalDescription();
  const answer = await fetch("/whip", {
    method: "POST", headers: {"Content-Type": "application/sdp"}, body: peer.localDescription.sdp,
  });
  if (answer.status !== 201) return await answer.text();
  await peer.setRemoteDescription({type: "answer", sdp: await answer.text()});
  return video.currentDirection;
})()
"""


@pytest.mark.parametrize("codec", ["VP8", "VP9", "AV1", "H264"])
async def test_a_browser_is_heard_whatever_video_it_offers(browser: Browser, codec: str) -> None:
    node = a_page(microphone=True)
    async with serve(node) as link:
        tab = await browser.page()
        await tab.open(link)
        direction = await tab.evaluate(SPEAK % codec)
        if direction == "unknown":
            pytest.skip(f"this Chromium has no {codec}")
        assert direction == "inactive"
        assert await tab.until("peer.connectionState === 'connected'")
        assert node.microphone is not None
        assert node.microphone.is_active
