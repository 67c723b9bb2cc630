"""The operator's settings for Telegram. Every error is one sentence that names its variable."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, SecretStr, field_validator

from bridge.channel_settings import ChannelSettings, is_address
from bridge.words import Language

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory
    from bridge.diagnostics import Diagnostic, SettingPrompt

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{30,100}")
OFFICIAL_API = "https://api.telegram.org"


class Settings(ChannelSettings):
    """Read from the environment and `.env`; the proxy is shared with the other platforms."""

    required: ClassVar[tuple[str, ...]] = ("telegram_token",)

    telegram_token: SecretStr = SecretStr("")
    """From @BotFather."""
    telegram_api_url: str = OFFICIAL_API
    """A local Bot API server, or an emulator."""
    telegram_edit_interval: float = Field(default=1.1, ge=0.01, le=60)
    """Seconds between two writes (posts or edits) in one direct chat. Telegram publishes about one a second (Bots
    FAQ), sends and edits sharing it (levlam, tdlib/td#3034)."""
    telegram_group_interval: float = Field(default=3.1, ge=0.01, le=60)
    """The same for a group and all its topics: twenty a minute (Bots FAQ)."""

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
        if not is_address(url, "http", "https"):
            raise ValueError(f"TELEGRAM_API_URL is not a web address: write for example {OFFICIAL_API}")
        return url

    def open_channel(self, memory: Memory) -> Channel:
        with _without_cryptography():
            from channels.telegram.adapter import Telegram

        return Telegram(self, memory)

    @classmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        from channels.telegram.advice import IN

        return IN[language].questions

    def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        from channels.telegram.checks import check

        return check(self, language, thorough=thorough)

    @property
    def proxy(self) -> str:
        """The proxy to use; none for a server on this machine."""
        return self.proxy_for(self.telegram_api_url)


@contextmanager
def _without_cryptography() -> Iterator[None]:
    """Have what is imported inside do without the package `cryptography`.

    python-telegram-bot takes 7 MB of it where it is installed, for Telegram Passport, which bots of ours never see.
    """
    name = "cryptography"
    kept = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # this is how an import is made to fail
    try:
        yield
    finally:
        del sys.modules[name]
        if kept is not None:
            sys.modules[name] = kept
