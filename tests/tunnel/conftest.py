"""The two machines, where they can be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.leaving_out import leave_out
from tests.tunnel.machine import Machine, lacking
from tests.tunnel.tunnel import Tunnel, from_computer, from_server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, "machines", lacking)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """A computer with Cherry Studio and a server, with a wire between them."""
    why = lacking()
    assert not why, why
    with ExitStack() as stack:
        computer, server = (stack.enter_context(Machine(name, tmp_path / name)) for name in ("computer", "server"))
        computer.join(server)
        computer.host("192.0.2.2", "bridge.example.com")
        server.host("192.0.2.1", "computer.example.com")
        yield computer, server


@pytest.fixture
def tunnel(machines: tuple[Machine, Machine], tmp_path: Path) -> Iterator[Tunnel]:
    """The tunnel that the computer opens, as the page says."""
    with from_computer(*machines, tmp_path) as tunnel:
        yield tunnel


@pytest.fixture
def called(machines: tuple[Machine, Machine], tmp_path: Path) -> Iterator[Tunnel]:
    """Called for from the server, as the note says."""
    with from_server(*machines, tmp_path) as tunnel:
        yield tunnel
