"""Tests that need more than Python of the machine: a plain `make test` leaves them out where that is lacking, and says
so; where `EVERY_TEST=required` is set, as .ci/run does, they fail instead."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


def leave_out(config: pytest.Config, items: list[pytest.Item], fixture: str, lacking: Callable[[], str]) -> None:
    """Leave out the tests that use `fixture` where `lacking` says what the machine has not."""
    needing = [item for item in items if fixture in getattr(item, "fixturenames", ())]
    if needing and os.environ.get("EVERY_TEST") != "required" and (why := lacking()):
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]
        print(f"\n{len(needing)} tests left out: {why}")
