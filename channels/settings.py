"""What every channel's settings have in common, and what is an address."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridge.words import Language, named


class ChannelSettings(BaseSettings):
    """Read from the environment and `.env`. The proxy and the language are the bridge's, for all channels."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)
    required: ClassVar[tuple[str, ...]] = ()
    """The fields that the channel cannot do without."""

    bridge_proxy: SecretStr = SecretStr("")
    """An HTTP proxy to reach the platforms through; it may hold a password."""
    bridge_language: Language | None = None

    @field_validator("bridge_proxy")
    @classmethod
    def _proxy(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value().strip()
        if url.lower().startswith("socks"):
            raise ValueError(
                "BRIDGE_PROXY names a SOCKS proxy, which the platforms cannot be reached through here: "
                "give the HTTP port of the same proxy, for example http://127.0.0.1:7890"
            )
        if url and not is_address(url, "http", "https"):
            raise ValueError("BRIDGE_PROXY is not a proxy's address: write for example http://127.0.0.1:7890")
        return SecretStr(url)

    @field_validator("bridge_language", mode="before")
    @classmethod
    def _language(cls, value: Any) -> Any:
        return named(value) if isinstance(value, str) else value

    @property
    def missing(self) -> list[str]:
        """The fields that this channel needs and that are not set."""
        return [name for name in self.required if not _value(getattr(self, name))]

    @property
    def configured(self) -> bool:
        return not self.missing

    def proxy_for(self, url: str) -> str:
        """The proxy to reach `url` through; empty for none, as for a server on this machine."""
        return "" if is_here(url) else self.bridge_proxy.get_secret_value()


def is_address(url: str, *schemes: str) -> bool:
    """Whether `url` is one that a client can use."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_here(url: str) -> bool:
    """Whether `url` leads to this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _value(field: object) -> object:
    return field.get_secret_value() if isinstance(field, SecretStr) else field
