"""A channel, seen by who sets it up: its settings, what to ask for, how to try it. The command line hands them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic_settings import BaseSettings

from bridge.diagnostics import Diagnostic, SettingPrompt
from bridge.words import Language


class Try(Protocol):
    """Looks whether the account works; `thorough` where nobody waits and no bridge is disturbed."""

    def __call__(self, settings: BaseSettings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]: ...


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    settings: type[BaseSettings]
    questions: Callable[[Language], Sequence[SettingPrompt]]
    check: Try
    missing: Callable[[BaseSettings], Sequence[str]]
    """The variables that these settings cannot do without and do not have."""
    required: Sequence[str]
    """Those variables, set or not."""
