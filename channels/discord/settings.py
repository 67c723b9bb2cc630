"""What the operator says about Discord. Every fault is one sentence that names its variable."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from bridge.words import LANGUAGES
from channels import ChannelSettings

_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
OFFICIAL = "https://discord.com/api/v10"
OFFICIAL_GATEWAY = "wss://gateway.discord.gg/"


class Settings(ChannelSettings):
    """Read from the environment and `.env`; the proxy and the language are shared with the other platforms."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)
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
    """So many of them, the newest, for each chat."""
    bridge_proxy: SecretStr = SecretStr("")
    """An HTTP proxy to reach Discord through; it may hold a password."""
    bridge_language: str = ""

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
        if not _is_url(value.strip(), ("http", "https")):
            raise ValueError(f"DISCORD_API_URL is not a web address: write for example {OFFICIAL}")
        return value.strip().rstrip("/")

    @field_validator("discord_gateway_url")
    @classmethod
    def _gateway_url(cls, value: str) -> str:
        if not _is_url(value.strip(), ("ws", "wss")):
            raise ValueError(f"DISCORD_GATEWAY_URL is not a websocket's address: write for example {OFFICIAL_GATEWAY}")
        return value.strip()

    @field_validator("bridge_proxy")
    @classmethod
    def _proxy(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value().strip()
        if url.lower().startswith("socks"):
            raise ValueError(
                "BRIDGE_PROXY names a SOCKS proxy, which Discord cannot be reached through here: "
                "give the HTTP port of the same proxy, for example http://127.0.0.1:7890"
            )
        if url and not _is_url(url, ("http", "https")):
            raise ValueError("BRIDGE_PROXY is not a proxy's address: write for example http://127.0.0.1:7890")
        return SecretStr(url)

    @field_validator("bridge_language")
    @classmethod
    def _language(cls, value: str) -> str:
        if value and value not in LANGUAGES:
            raise ValueError(f"BRIDGE_LANGUAGE is none of {', '.join(LANGUAGES)}")
        return value

    @property
    def proxy(self) -> str | None:
        """The proxy to use; none for a server on this machine."""
        host = urlsplit(self.discord_api_url).hostname or ""
        return None if _is_loopback(host) else self.bridge_proxy.get_secret_value() or None


def _is_url(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
