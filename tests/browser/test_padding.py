"""What a browser decodes is the same with the high band's levels in a packet as without."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from chromium import Browser
from web_client import a_page

from node.speech.libopus import OpusEncoder
from node.speech.pcm import FRAME_SAMPLES
from node.speech.profiles import LEAN
from node.web.server import serve
from protocol.speech import high_band, opus_packet

DECODE = """
(async () => {
  if (!window.AudioDecoder) return "unknown";
  const decoded = [];
  for (const packets of %s) {
    const samples = [];
    const decoder = new AudioDecoder({
      error: (error) => { throw error; },
      output: (audio) => {
        const plane = new Float32Array(audio.allocationSize({planeIndex: 0, format: "f32-planar"}) / 4);
        audio.copyTo(plane, {planeIndex: 0, format: "f32-planar"});
        samples.push(...plane);
      },
    });
    decoder.configure({codec: "opus", sampleRate: 48000, numberOfChannels: 1});
    packets.forEach((packet, index) => decoder.decode(new EncodedAudioChunk({
      type: "key", timestamp: index * 120000, data: Uint8Array.from(atob(packet), (sign) => sign.charCodeAt(0)),
    })));
    await decoder.flush();
    decoded.push(samples);
  }
  const [plain, filled] = decoded;
  const loudest = plain.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const same = plain.length === filled.length && plain.every((one, at) => one === filled[at]);
  return {samples: plain.length, same, loudest};
})()
"""


async def test_chromium_decodes_the_same_samples(browser: Browser) -> None:
    time = np.arange(16 * FRAME_SAMPLES)
    sound = (4000 * np.sin(time / 9) * np.sin(time / 3000)).astype(np.int16)
    encoder = OpusEncoder(LEAN)
    frames = [encoder.encode(frame) for frame in sound.reshape(-1, FRAME_SAMPLES)]
    plain = [opus_packet.join(frames[at : at + 2]) for at in range(0, len(frames), 2)]
    filled = [high_band.beside(packet, [(5, 4, number, 1)] * 6) for number, packet in enumerate(plain)]
    assert all(len(one) > len(other) for one, other in zip(filled, plain, strict=True))
    given = [[base64.b64encode(packet).decode() for packet in packets] for packets in (plain, filled)]
    async with serve(a_page()) as link:
        tab = await browser.page()
        await tab.open(link)
        found = await tab.evaluate(DECODE % json.dumps(given))
    if found == "unknown":
        pytest.skip("this Chromium has no WebCodecs")
    assert found["same"]
    assert found["samples"] >= 45_000
    assert found["loudest"] > 0.05
