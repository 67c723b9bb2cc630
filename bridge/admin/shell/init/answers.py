"""What a person has answered: asked for, read as the settings read it, and kept in `.env` at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from bridge import log
from bridge.admin.doctor import Check, examine
from bridge.admin.doctor.settings import read_leniently
from bridge.admin.shell.asking import ask, say, waited_for
from bridge.admin.shell.doctor import line
from bridge.admin.shell.envfile import put
from bridge.diagnostics import Diagnostic
from bridge.settings import Settings, secrets, variable
from bridge.words import Language
from bridge.words.shell import DOCTOR, INIT

S = TypeVar("S", bound=BaseSettings)


class Answers:
    """The answers in one `.env`, in the language of the person who gives them."""

    def __init__(self, env_file: Path, language: Language) -> None:
        self.file = env_file
        self.language = language
        self.words, self.findings = INIT[language], DOCTOR[language]

    def read(self, kind: type[S]) -> tuple[S, list[str]]:
        """The settings of a kind as they are answered so far, and what is wrong with them."""
        return read_leniently(kind, self.file)

    def diagnose(self, area: str, check: Check) -> list[Diagnostic]:
        """Run a check and show its results; return them."""

        async def look() -> list[Diagnostic]:
            return [diagnostic async for diagnostic in examine({area: check}, self.findings)]

        diagnostics = waited_for(look())
        self.show(diagnostics)
        return diagnostics

    def ask(self, name: str, what: str, *, hidden: bool = False, shown: str = "") -> str:
        """Ask for the value of the variable `name`; return nothing where there is none, or the environment sets it."""
        words = self.words
        if name in os.environ:
            say(words.from_environment.format(variable=name))
            return ""
        if hidden:
            return ask(words.keep_hidden.format(ask=what) if shown else words.hidden.format(ask=what), hidden=True)
        return ask(words.keep.format(ask=what, value=log.redact(shown)) if shown else what)

    def shaped(self, kind: type[BaseSettings], name: str, typed: str) -> str | None:
        """Return the answer as the settings read it; None where they reject it."""
        field = field_of(kind, name)
        try:
            read = kind(_env_file=None, **{field: typed})  # type: ignore[arg-type]
        except ValidationError as error:
            refused = any(each["loc"][:1] == (field,) for each in error.errors(include_input=False))
            return None if refused else typed
        return text_of(getattr(read, field))

    def keep(self, name: str, value: str) -> None:
        """Write the value of a variable into the file. Raises OSError."""
        put(self.file, {name: value})

    def settings(self) -> Settings:
        """The bridge's settings as they are answered so far; no log shows their secrets."""
        read, _ = self.read(Settings)
        log.hide(secrets(read))
        return read

    def show(self, diagnostics: Sequence[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            say(line(diagnostic))


def field_of(kind: type[BaseSettings], name: str) -> str:
    """The field that the variable `name` sets."""
    return next(field for field in kind.model_fields if variable(kind, field) == name)


def text_of(value: object) -> str:
    """The value of a field as it stands in `.env`."""
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
