"""What the operator says about Telegram. Every fault is one sentence that names its variable."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from channels import ChannelSettings

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{30,100}")
OFFICIAL = "https://api.telegram.org"


class Settings(ChannelSettings):
    """Read from the environment and `.env`; the proxy is shared with the other platforms."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)
    required: ClassVar[tuple[str, ...]] = ("telegram_token",)

    telegram_token: SecretStr = SecretStr("")
    """From @BotFather."""
    telegram_api_url: str = OFFICIAL
    """A local Bot API server, or an emulator."""
    telegram_edit_interval: float = Field(default=1.1, ge=0.01, le=60)
    """Seconds between two writes (posts or edits) in one direct chat. Telegram publishes about one a second (Bots
    FAQ), sends and edits sharing it (levlam, tdlib/td#3034)."""
    telegram_group_interval: float = Field(default=3.1, ge=0.01, le=60)
    """The same for a group and all its topics: twenty a minute (Bots FAQ)."""
    bridge_proxy: SecretStr = SecretStr("")
    """An HTTP proxy to reach Telegram through; it may hold a password."""

    @field_validator("telegram_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip().strip("\"'")
        if token and not _TOKEN.fullmatch(token):
            raise ValueError(
                "TELEGRAM_TOKEN is not a bot token: it has the form 123456789:AAbb..., as @BotFather wrote it"
            )
        return SecretStr(token)

    @field_validator("telegram_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        url = value.strip().rstrip("/").removesuffix("/bot")
        if not _is_url(url, ("http", "https")):
            raise ValueError(f"TELEGRAM_API_URL is not a web address: write for example {OFFICIAL}")
        return url

    @field_validator("bridge_proxy")
    @classmethod
    def _proxy(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value().strip()
        if url.lower().startswith("socks"):
            raise ValueError(
                "BRIDGE_PROXY names a SOCKS proxy, which Telegram cannot be reached through here: "
                "give the HTTP port of the same proxy, for example http://127.0.0.1:7890"
            )
        if url and not _is_url(url, ("http", "https")):
            raise ValueError("BRIDGE_PROXY is not a proxy's address: write for example http://127.0.0.1:7890")
        return SecretStr(url)

    @property
    def proxy(self) -> str:
        """The proxy to use; none for a server on this machine."""
        host = urlsplit(self.telegram_api_url).hostname or ""
        return "" if _is_loopback(host) else self.bridge_proxy.get_secret_value()


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
