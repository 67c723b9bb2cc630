"""A set-up in which everything works: a gateway, a Telegram, a store, and the settings that name them."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge import log
from bridge.admin.shell.doctor import doctor
from bridge.cli.handlers import channel_settings
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform

OURS = ("BRIDGE_", "TELEGRAM_", "DISCORD_", "FEISHU_", "LC_", "LANG")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class DoctorRig:
    """The gateway, the platform and the folder that `doctor` checks; a test breaks one of them first."""

    gateway: GatewayEmulator
    telegram: TelegramPlatform
    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    stack: AsyncExitStack

    @property
    def redis_url(self) -> str:
        return os.environ["BRIDGE_REDIS_URL"]

    @property
    def env_file(self) -> Path:
        return self.home / ".env"

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self.monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.monkeypatch.delenv(name)

    async def doctor(self, *, as_json: bool = False) -> tuple[int, str]:
        """Its exit status, and what it prints."""
        status = await doctor(channel_settings(), as_json=as_json, env_file=self.env_file)
        return status, self.capsys.readouterr().out


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No setting of ours in the environment, and none left behind."""
    for name in list(os.environ):
        if name.upper().startswith(OURS) or name.lower() in PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setattr(log, "_known", set())
    # Somebody on this machine may use the usual ports.
    monkeypatch.setattr("bridge.admin.doctor.gateway.USUAL_PORTS", [closed_port()])
    monkeypatch.setattr("channels.telegram.checks.LISTEN_SECONDS", 0)
    return monkeypatch


@pytest.fixture
async def rig(
    bare: pytest.MonkeyPatch, redis_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[DoctorRig]:
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(GatewayEmulator("B"))
        telegram = await stack.enter_async_context(TelegramPlatform(speed=10))
        made = DoctorRig(gateway, telegram, tmp_path, bare, capsys, stack)
        made.set(
            LANG="en_GB.UTF-8",
            BRIDGE_GATEWAY_URL=gateway.url,
            BRIDGE_GATEWAY_KEY=gateway.key,
            BRIDGE_MODEL="fake-openai:ok",
            BRIDGE_REDIS_URL=redis_url,
            BRIDGE_DATA_DIR=str(tmp_path / "data"),
            **telegram.environment(),
        )
        yield made
