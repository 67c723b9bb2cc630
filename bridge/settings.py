"""What the operator sets: read once, from the environment and `.env`, with every fault reported at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bridge.errors import SettingsError
from bridge.gateway import Gateway, base_url
from bridge.types import ModelId, User
from bridge.words import Language, named

PREFIX = "BRIDGE_"
S = TypeVar("S", bound=BaseSettings)


class Settings(BaseSettings):
    """The bridge's own settings; each adapter keeps its own beside it. Every name is prefixed `BRIDGE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    channels: Annotated[tuple[str, ...] | None, NoDecode] = None
    """The channels to listen on; those that are configured where this is not set."""
    gateway_url: str = "http://127.0.0.1:23333"
    gateway_key: SecretStr = SecretStr("")
    model: ModelId | None = None
    """The model of a chat that has not chosen one; the first that the gateway offers where this is not set."""
    system: str = Field(default="", max_length=8000)
    """The system prompt of a chat that has not set its own."""
    redis_url: SecretStr = SecretStr("")
    """Empty: the embedded server."""
    data_dir: Path = Field(default_factory=lambda: user_data_path("cherry-bridge", appauthor=False))
    admins: Annotated[tuple[User, ...], NoDecode] = ()
    language: Language | None = None
    """The language to speak; each person's own where this is not set."""
    history_tokens: int = Field(default=16_000, ge=0, le=10_000_000)
    """How many tokens of earlier conversation go with a question, by estimate."""
    first_token_seconds: float = Field(default=300, gt=0)
    idle_seconds: float = Field(default=120, gt=0)
    away_seconds: float = Field(default=60, ge=0)
    """How long the gateway must have been away before owners are told, so that a restart is worth no message; 0: they
    are not told."""
    log: Literal["debug", "info", "warning", "error"] = "info"
    health_port: int = Field(default=0, ge=0, le=65_526)
    """Where health and metrics are told, on loopback; or on one of the nine ports after it. 0: nowhere."""

    @field_validator("channels", mode="before")
    @classmethod
    def _channels(cls, value: Any) -> Any:
        return tuple(_items(value)) or None if isinstance(value, str) else value

    @field_validator("admins", mode="before")
    @classmethod
    def _admins(cls, value: Any) -> Any:
        return tuple(User.parse(item) for item in _items(value)) if isinstance(value, str) else value

    @field_validator("model", mode="before")
    @classmethod
    def _model(cls, value: Any) -> Any:
        return (ModelId.parse(value) if value.strip() else None) if isinstance(value, str) else value

    @field_validator("gateway_url")
    @classmethod
    def _gateway_url(cls, value: str) -> str:
        return base_url(value)

    @field_validator("gateway_key", mode="before")
    @classmethod
    def _gateway_key(cls, value: Any) -> Any:
        # People paste the whole header.
        return value.strip().removeprefix("Bearer ").strip() if isinstance(value, str) else value

    @field_validator("language", mode="before")
    @classmethod
    def _language(cls, value: Any) -> Any:
        return named(value) if isinstance(value, str) else value

    def gateway(self) -> Gateway:
        """A client of the gateway that is set here, to be entered."""
        return Gateway(
            self.gateway_url,
            self.gateway_key.get_secret_value(),
            first_token=self.first_token_seconds,
            idle=self.idle_seconds,
        )


def read(kind: type[S], env_file: Path | None = Path(".env")) -> S:
    """Read settings of `kind`. Raises SettingsError with one sentence a fault, each naming its variable."""
    try:
        # An empty value in .env means not set, as people leave them in templates.
        return kind(_env_file=env_file, _env_ignore_empty=True)
    except ValidationError as error:
        raise SettingsError([_sentence(fault, kind) for fault in error.errors(include_input=False)]) from None


def variable(settings: BaseSettings | type[BaseSettings], field: str) -> str:
    """The name of the environment variable that sets a field."""
    kind = settings if isinstance(settings, type) else type(settings)
    alias = kind.model_fields[field].validation_alias
    return (alias if isinstance(alias, str) else f"{kind.model_config.get('env_prefix', '')}{field}").upper()


def unknown(kinds: Iterable[type[BaseSettings]], env_file: Path | None = Path(".env")) -> list[str]:
    """A sentence for each variable that looks like one of ours and is none: most often a slip of the pen."""
    known = {variable(kind, field) for kind in kinds for field in kind.model_fields}
    found = {*os.environ, *_names_in(env_file)}
    strangers = sorted(name for name in found if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [f"{name} is not a setting{_like(name, known)}" for name in strangers]


def _names_in(env_file: Path | None) -> Iterable[str]:
    return dotenv_values(env_file).keys() if env_file is not None and env_file.is_file() else ()


def _like(name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name.upper(), known, 1)
    return f"; did you mean {nearest[0]}?" if nearest else "."


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.replace("\n", ",").split(",") if item.strip()]


def _sentence(fault: Any, kind: type[BaseSettings]) -> str:
    """One fault as a sentence that begins with its variable."""
    name = variable(kind, str(fault["loc"][0]))
    said = fault["msg"].removeprefix("Value error, ")
    return said if said.startswith(name) else f"{name}: {said[:1].lower() + said[1:]}"
