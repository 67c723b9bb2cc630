"""What the operator says about Discord. Every fault is one sentence that names its variable."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, SecretStr, field_validator

from bridge.channel_settings import ChannelSettings, is_address
from bridge.words import Language

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory
    from bridge.diagnostics import Diagnostic, SettingPrompt

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
OFFICIAL = "https://discord.com/api/v10"
OFFICIAL_GATEWAY = "wss://gateway.discord.gg/"


class Settings(ChannelSettings):
    """Read from the environment and `.env`; the proxy and the language are shared with the other platforms."""

    required: ClassVar[tuple[str, ...]] = ("discord_token",)

    discord_token: SecretStr = SecretStr("")
    """From the developer portal, the page Bot."""
    discord_api_url: str = OFFICIAL
    """An emulator, or a proxy that speaks Discord's REST API."""
    discord_gateway_url: str = OFFICIAL_GATEWAY
    discord_message_content: bool | None = None
    """Whether to ask for the privileged message-content intent; unset, where the portal has it switched on."""
    discord_edit_interval: float = Field(default=1.25, ge=0.01, le=60)
    """Seconds between two writes in one channel. Discord lets a channel's messages be edited five times in five
    seconds (discord.py #6073), and discord.py holds back the call that uses up the last of them."""
    discord_catch_up_hours: float = Field(default=24, ge=0)
    """What was sent while nobody listened is answered if it is younger than this."""
    discord_catch_up_messages: int = Field(default=20, ge=0, le=100)
    """How many of them, the newest, for each chat."""

    @field_validator("discord_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip().strip("\"'").removeprefix("Bot ")
        if token and not _TOKEN.fullmatch(token):
            raise ValueError(
                "DISCORD_TOKEN is not a bot token: it has three parts with dots between them, "
                "from the page Bot of the developer portal (it is not the client secret)"
            )
        return SecretStr(token)

    @field_validator("discord_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        if not is_address(value.strip(), "http", "https"):
            raise ValueError(f"DISCORD_API_URL is not a web address: write for example {OFFICIAL}")
        return value.strip().rstrip("/")

    @field_validator("discord_gateway_url")
    @classmethod
    def _gateway_url(cls, value: str) -> str:
        if not is_address(value.strip(), "ws", "wss"):
            raise ValueError(f"DISCORD_GATEWAY_URL is not a websocket's address: write for example {OFFICIAL_GATEWAY}")
        return value.strip()

    def open_channel(self, memory: Memory) -> Channel:
        from channels.discord.adapter import Discord

        return Discord(self, memory)

    @classmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        from channels.discord.advice import IN

        return IN[language].questions

    def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        from channels.discord.checks import check

        return check(self, language, thorough=thorough)

    @property
    def proxy(self) -> str | None:
        """The proxy to use; none for a server on this machine."""
        return self.proxy_for(self.discord_api_url) or None
