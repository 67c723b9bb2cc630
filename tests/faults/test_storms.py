"""The short form: plans by fixed seeds, each on another kind of store. The long one is `python -m tests.faults`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.emulators.telegram import TelegramPlatform
from tests.faults.plan import Plan, Size, Topology
from tests.faults.world import World

# The emulators answer into connections whose other end was killed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PEOPLE = ("p0", "p1", "p2")
STORM = Size(
    turns=45,
    seconds=20,
    people=len(PEOPLE),
    kills=5,
    freezes=1,
    store_faults=3,
    link_faults=6,
    gateway_faults=2,
    platform_faults=12,
    flood_seconds=3,
)
PATIENCE_SECONDS = 100.0


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("topology", "seed"), [("single", 11), ("cluster", 12), ("sentinel", 13)])
async def test_nothing_is_lost_in_a_storm(topology: Topology, seed: int) -> None:
    plan = Plan.draw(seed, replace(STORM, topology=topology))
    async with World(PEOPLE, topology=plan.topology) as world:
        outcome = await world.play(plan, PATIENCE_SECONDS)
    assert not outcome.verdict.complaints, f"{plan.seed}: {outcome}"
    assert not outcome.failures


@pytest.mark.timeout(240)
async def test_while_nothing_goes_wrong_nothing_is_asked_twice() -> None:
    """Some answers take longer than a claim lives."""
    plan = Plan.draw(14, replace(Size.calm(40, 12, len(PEOPLE)), processes=3))
    async with World(PEOPLE) as world:
        outcome = await world.play(plan, PATIENCE_SECONDS)
        telegram = world.platforms["telegram"]
        assert isinstance(telegram, TelegramPlatform)
        conflicts = [call for call in telegram.server.called("getUpdates") if call.status == 409]
    assert not outcome.verdict.complaints
    assert (outcome.verdict.whole, outcome.attempts) == (40, 40)
    assert not outcome.failures and not outcome.logged and not outcome.duplicates["telegram"]
    assert not conflicts, "two listened at once"
