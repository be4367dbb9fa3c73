from __future__ import annotations

from protocol.ration import Ration


def test_so_many_at_once_and_then_one_now_and_then() -> None:
    ration = Ration(3, 2.0)
    assert [ration.take(100.0) for _ in range(5)] == [True, True, True, False, False]
    assert [ration.take(102.0), ration.take(102.0)] == [True, False]
    assert [ration.take(1000.0) for _ in range(4)] == [True, True, True, False]
