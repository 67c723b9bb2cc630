"""The rig itself: a small crowd, so that it cannot rot. No figure is asserted."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.benchmarks.crowd import Load, run_crowd, with_lag
from tests.benchmarks.fake_gateway import is_whole, word
from tests.benchmarks.report import draw
from tests.benchmarks.rig import Rig


async def test_everybody_of_a_small_crowd_is_answered() -> None:
    async with Rig(20) as rig:
        outcome = await with_lag(rig, await run_crowd(rig, Load(20, 20, 50, 0.2, 0.1, 0), patience=60))
    assert (outcome.whole, outcome.asked_twice) == (20, 0), rig.sink.screens
    assert outcome.calls["sendMessage"] == 20
    assert outcome.cpu_bridge > 0
    assert outcome.first_p50 is not None and outcome.final_p99 is not None
    assert outcome.lag_max is not None


def test_an_answer_with_a_gap_or_a_repetition_is_not_whole() -> None:
    words = [word(index) for index in range(120)]
    assert is_whole("".join(words), 120)
    assert not is_whole("".join(words[:-1]), 120)
    assert not is_whole("".join([*words, words[-1]]), 120)
    assert not is_whole("".join([*words[:60], *words[61:]]), 120)


def test_the_picture_holds_a_point_for_each_size() -> None:
    points: list[dict[str, float | None]] = [
        {"chats": 1, "first_p50": 3.0},
        {"chats": 100, "first_p50": 20.0},
        {"chats": 500, "first_p50": None},
    ]
    picture = ElementTree.fromstring(draw("First text", points, {"first_p50": "median"}))
    assert len(picture.findall("{*}circle")) == 2
