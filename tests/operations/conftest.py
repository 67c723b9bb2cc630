"""The programs of an operator's machine, which read their own files best."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.leaving_out import leave_out

Command = list[str]


def _compose() -> Command:
    """Docker's own subcommand, or the program of before it; nothing where there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode:
            return command
    return []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items, "compose_command", lambda: "" if _compose() else "no docker compose")
    leave_out(config, items, "systemd_analyze", lambda: "" if shutil.which("systemd-analyze") else "no systemd-analyze")


@pytest.fixture
def compose_command() -> Command:
    command = _compose()
    assert command, "no docker compose"
    return command


@pytest.fixture
def systemd_analyze() -> str:
    found = shutil.which("systemd-analyze")
    assert found, "no systemd-analyze"
    return found
