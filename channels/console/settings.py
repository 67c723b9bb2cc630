"""What the command line says about the console. Nothing of it is read from the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bridge.channel_settings import ChannelSettings

if TYPE_CHECKING:
    from bridge.channel import Memory
    from bridge.diagnostics import Diagnostic, SettingPrompt
    from bridge.words import Language
    from channels.console.adapter import Console


class Settings(ChannelSettings):
    """Who sits at this terminal, and where what they typed and were sent is kept."""

    user: str = ""
    """The person's name."""
    session: str = "local"
    """Tells one conversation from another."""
    data_dir: Path | None = None
    """For the lines that were typed and the files that were received; None keeps no lines, and files go to the
    working folder."""

    def open_channel(self, memory: Memory | None = None) -> Console:
        """The console keeps nothing in `memory`, so that it can be opened before the store is."""
        from channels.console.adapter import Console

        return Console(self)

    @classmethod
    def questions(cls, language: Language) -> Sequence[SettingPrompt]:
        return ()

    async def check(self, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
        """Nothing can be wrong with a terminal."""
        nothing: tuple[Diagnostic, ...] = ()
        for diagnostic in nothing:
            yield diagnostic

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)
