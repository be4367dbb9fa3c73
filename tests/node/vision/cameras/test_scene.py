from __future__ import annotations

from node.vision.cameras.scene import SceneCamera
from node.vision.scenes import SceneSequence


async def test_the_sequence_is_shown_as_its_time_goes_by() -> None:
    now = 100.0
    camera = SceneCamera("7", lambda: now)
    assert (await camera.snapshot()).tobytes() == SceneSequence(7).image(0.0).tobytes()
    now += 9.5
    assert (await camera.snapshot()).tobytes() == SceneSequence(7).image(9.5).tobytes()


async def test_without_a_seed_it_chooses_one_and_tells_it() -> None:
    camera = SceneCamera("", lambda: 0.0)
    again = SceneCamera(camera.name.removeprefix("scene:"), lambda: 0.0)
    assert (await camera.snapshot()).tobytes() == (await again.snapshot()).tobytes()
