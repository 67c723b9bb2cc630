"""What every channel's `Settings` is: the channel's variables, and how to open, set up and check the channel by them.

It is the one name that `import channels.<name>` must offer. The module it stands in imports the rest of the channel,
and any library of the platform's, only inside the methods: a channel that is not in use costs nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bridge.words import Language, named

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory
    from bridge.diagnostics import Diagnostic, SettingPrompt


class ChannelSettings(BaseSettings):
    """Read from the environment and `.env`. The proxy and the language are the bridge's, for all channels."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)
    required: ClassVar[tuple[str, ...]] = ()
    """The fields that must be set before the channel can be opened."""

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

    @abstractmethod
    def open_channel(self, memory: Memory) -> Channel:
        """Make the channel, which is then entered. `missing` must be empty."""

    @classmethod
    @abstractmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        """What `cherry-bridge init` asks for, in this order; each variable is a field of this class."""

    @abstractmethod
    def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        """Look whether the account works with these settings; each diagnostic comes within ten seconds of the last.

        No message is sent, and nothing is changed on the platform. Where it is not `thorough`, a person waits or a
        bridge is running: what takes long or disturbs the bridge is left out.
        """

    @property
    def missing(self) -> list[str]:
        """The environment variables of the required fields that are not set."""
        return [name.upper() for name in self.required if not _value(getattr(self, name))]

    @property
    def configured(self) -> bool:
        return not self.missing

    def proxy_for(self, url: str) -> str:
        """The proxy to reach `url` through; empty for none, as for a server on this machine."""
        return "" if is_here(url) else self.bridge_proxy.get_secret_value()


def is_address(url: str, *schemes: str) -> bool:
    """Whether `url` has one of `schemes`, and a host and a port that a client can connect to."""
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
