"""What the operator sets: read once, from the environment and `.env`, with every error reported at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.diagnostics import gateway_variable
from bridge.errors import SettingsError
from bridge.gateway_address import base_url
from bridge.gateway_settings import (
    INSIDE_URL,
    GatewaySettings,
    NamedGatewaysSource,
    checked_names,
    names_of,
    unnamed,
    variables_of,
    without_scheme,
)
from bridge.types import Fallbacks, ModelId, Price, User
from bridge.words import Language, named

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from bridge.gateway import Gateway, Gateways, Health, QuirkStore
    from bridge.mcp import ConfiguredServer
    from bridge.media import MediaLimits, SpeechServer
    from bridge.store import MediaBudget

PREFIX = "BRIDGE_"
_PRICE = re.compile(r"([^\d\s/.=]{0,4}\s?)(\d{1,6}(?:\.\d{1,9})?)\s*/\s*(?:\1)?(\d{1,6}(?:\.\d{1,9})?)")
S = TypeVar("S", bound=BaseSettings)


class Settings(BaseSettings):
    """The bridge's own settings; those of each channel are in its `Settings`. Every variable begins with `BRIDGE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    channels: Annotated[tuple[str, ...] | None, NoDecode] = None
    """The channels to listen on; where this is not set, all that are configured."""
    gateway_url: str = "http://127.0.0.1:23333"
    gateway_key: SecretStr = SecretStr("")
    gateway_port: int = Field(default=0, ge=0, le=65_535)
    """The port on which our own gateway, where it runs in this process, answers other programs; 0: none."""
    gateways: Annotated[tuple[str, ...], NoDecode] = ()
    """The names of several gateways, in the order in which people see them; in place of `gateway_url`."""
    named_gateways: dict[str, GatewaySettings] = Field(default={}, validation_alias="named_gateways", exclude=True)
    """The settings of each of them: no variable of its own."""
    model: ModelId | None = None
    """The model of a chat that has not chosen one; where this is not set, the first that the gateway offers."""
    fallback: Fallbacks | None = None
    """The models that answer where that one does not."""
    fallback_seconds: float = Field(default=60, gt=0, le=3600)
    """How long a model may take to its first word where another one can answer in its place."""
    system: str = Field(default="", max_length=8000)
    """The system prompt of a chat that has not set its own."""
    redis_url: SecretStr = SecretStr("")
    """Empty: the embedded server."""
    data_dir: Path = Field(default_factory=lambda: user_data_path("cherry-bridge", appauthor=False))
    admins: Annotated[tuple[User, ...], NoDecode] = ()
    language: Language | None = None
    """The language to speak; where this is not set, each person's own."""
    history_tokens: int = Field(default=16_000, ge=0, le=10_000_000)
    """How many tokens of earlier conversation go with a question, by estimate."""
    first_token_seconds: float = Field(default=300, gt=0)
    idle_seconds: float = Field(default=120, gt=0)
    tool_seconds: float = Field(default=60, gt=0, le=300)
    """How long a tool may take, or be silent where it reports how far it has come."""
    away_seconds: float = Field(default=60, ge=0)
    """How long the gateway must have been away before the owners get a message, so that a restart is worth none; 0:
    they get none."""
    file_megabytes: int = Field(default=20, ge=1, le=100)
    """The largest attachment that is read. Telegram hands out 20 MB at most."""
    document_tokens: int = Field(default=24_000, ge=1000, le=1_000_000)
    """How much of the text of a document goes to a model, by estimate; the rest is read with `/page`."""
    picture_links: bool = True
    """Whether pictures that an answer links to are fetched and shown."""
    media_chat_megabytes: int = Field(default=32, ge=1, le=4096)
    """How much is kept of the pictures and files of one chat, so that a later question can refer to them."""
    media_megabytes: int = Field(default=256, ge=1, le=65_536)
    """The same of all chats together."""
    media_days: int = Field(default=7, ge=1, le=180)
    speech_url: str = ""
    """A server with `/v1/audio/transcriptions`. Empty: recordings are not read."""
    speech_key: SecretStr = SecretStr("")
    speech_model: str = Field(default="whisper-1", min_length=1, max_length=200)
    prices: Annotated[tuple[tuple[str, Price], ...], NoDecode] = ()
    """What a million tokens cost, by pattern of model ids, the first that matches: ``openai:gpt-5=1.25/10``."""
    speech_voice_model: str = Field(default="", max_length=200)
    """The model of that server that speaks, by `/v1/audio/speech`. Empty: answers are not spoken."""
    speech_voice: str = Field(default="alloy", min_length=1, max_length=200)
    mcp_file: Path | None = None
    """A JSON file with MCP servers of one's own, as other MCP clients have it: `{"mcpServers": {...}}`."""
    log: Literal["debug", "info", "warning", "error"] = "info"
    health_port: int = Field(default=0, ge=0, le=65_526)
    """The port for health and metrics, on loopback; where it is taken, one of the nine after it. 0: no port."""

    web_port: int = Field(default=0, ge=0, le=65_535)
    """The port of the page for the person who runs the bot, on loopback only. 0: no page."""
    web_read: bool = False
    """Whether owners may read conversations there."""

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

    @field_validator("prices", mode="before")
    @classmethod
    def _prices(cls, value: Any) -> Any:
        return tuple(_price(item) for item in _items(value)) if isinstance(value, str) else value

    @field_validator("fallback", mode="before")
    @classmethod
    def _fallback(cls, value: Any) -> Any:
        return Fallbacks.parse(value) if isinstance(value, str) else value

    @field_validator("gateways", mode="before")
    @classmethod
    def _gateways(cls, value: Any) -> Any:
        return checked_names(value)

    @field_validator("gateway_url")
    @classmethod
    def _gateway_url(cls, value: str) -> str:
        return base_url(value)

    @field_validator("speech_url")
    @classmethod
    def _speech_url(cls, value: str) -> str:
        try:
            return base_url(value if "://" in value else f"http://{value}") if value.strip() else ""
        except ValueError:
            raise ValueError("this is no address of a server; write for example http://127.0.0.1:8000") from None

    @field_validator("gateway_key", "speech_key", mode="before")
    @classmethod
    def _gateway_key(cls, value: Any) -> Any:
        return without_scheme(value)

    @field_validator("language", mode="before")
    @classmethod
    def _language(cls, value: Any) -> Any:
        return named(value) if isinstance(value, str) else value

    @field_validator("mcp_file")
    @classmethod
    def _mcp_file(cls, value: Path | None) -> Path | None:
        if value is not None:
            from bridge.tools import read_servers

            read_servers(value.expanduser())
        return value and value.expanduser()

    def tool_servers(self) -> Sequence[ConfiguredServer]:
        """Return the MCP servers of one's own."""
        from bridge.tools import read_servers

        return read_servers(self.mcp_file) if self.mcp_file is not None else ()

    def media_limits(self) -> MediaLimits:
        """Return how much is read of what people send."""
        from bridge.media import MediaLimits

        return MediaLimits(self.file_megabytes * 1_000_000)

    def speech(self) -> SpeechServer | None:
        """Return the server that transcribes and speaks; None where none is set."""
        from bridge.media import SpeechServer

        if not self.speech_url:
            return None
        return SpeechServer(
            self.speech_url,
            self.speech_key.get_secret_value(),
            self.speech_model,
            self.speech_voice_model,
            self.speech_voice,
        )

    def media_budget(self) -> MediaBudget:
        """Return how much is kept of it."""
        from bridge.store import MediaBudget

        return MediaBudget(self.media_chat_megabytes << 20, self.media_megabytes << 20, self.media_days * 86400)

    @property
    def gateway_file(self) -> Path:
        """Where the providers of our own gateway are named."""
        return self.data_dir / "gateway.toml"

    @property
    def runs_own_gateway(self) -> bool:
        """Whether our own gateway is the only one."""
        [only, *others] = self.gateway_settings().values()
        return only.is_inside and not others

    def gateway_settings(self) -> Mapping[str, GatewaySettings]:
        """Return the gateways by name, in order; where there is one, its name is empty.

        It is our own where no other is set and providers are named.
        """
        several = {name: self.named_gateways[name] for name in self.gateways if name in self.named_gateways}
        if len(several) > 1:
            return several
        if several:
            return {"": next(iter(several.values()))}
        if "gateway_url" not in self.model_fields_set and self.gateway_file.is_file():
            return {"": GatewaySettings(url=INSIDE_URL)}
        return {"": GatewaySettings(url=self.gateway_url, key=self.gateway_key)}

    def open_gateways(
        self, quirks: QuirkStore | None = None, health: Health | None = None, *, listens: bool = False
    ) -> Gateways:
        """Make a client of the gateways that are set here, to be entered.

        Without `quirks` and `health`, it learns for itself. Where our own is among them, entering starts it, on the
        port that is set if it `listens` for other programs, too. It then raises SettingsError where its file or the
        port cannot be used.
        """
        from bridge.gateway import Gateways, MemoryQuirks

        quirks, port = quirks or MemoryQuirks(), self.gateway_port or None if listens else None
        gateways = [self._gateway(each, id, quirks, port) for id, each in self.gateway_settings().items()]
        return Gateways(gateways, health=health, fallback_seconds=self.fallback_seconds)

    def _gateway(self, settings: GatewaySettings, id: str, quirks: QuirkStore, port: int | None) -> Gateway:
        """`port` is where our own answers other programs."""
        common: dict[str, Any] = {
            "first_token": self.first_token_seconds,
            "idle": self.idle_seconds,
            "quirks": quirks,
            "id": id,
            "label": settings.name if id else "",
        }
        if settings.is_inside:
            from bridge.server import OwnGateway

            return OwnGateway(self.gateway_file, port, **common)
        from bridge.gateway import Gateway

        return Gateway(settings.url, settings.key.get_secret_value(), **common)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = NamedGatewaysSource(settings_cls, [env_settings, dotenv_settings])
        return init_settings, env_settings, dotenv_settings, named, file_secret_settings


def read(kind: type[S], env_file: Path | None = Path(".env")) -> S:
    """Read settings of `kind`. Raises SettingsError with one sentence an error, each naming its variable."""
    try:
        # An empty value in .env means not set, as people leave them in templates.
        return kind(_env_file=env_file, _env_ignore_empty=True)
    except ValidationError as error:
        raise SettingsError([_sentence(each, kind) for each in error.errors(include_input=False)]) from None


def variable(kind: type[BaseSettings], field: str) -> str:
    """Return the name of the environment variable that sets a field."""
    alias = kind.model_fields[field].validation_alias
    return (alias if isinstance(alias, str) else f"{kind.model_config.get('env_prefix', '')}{field}").upper()


def unknown(kinds: Iterable[type[BaseSettings]], env_file: Path | None = Path(".env")) -> list[str]:
    """Return a sentence for each variable that begins with `BRIDGE_` and sets no field of `kinds`: mostly typos."""
    known = {variable(kind, field) for kind in kinds for field in kind.model_fields}
    written = {**_written_in(env_file), **os.environ}
    gateways = next((value for name, value in written.items() if name.upper() == f"{PREFIX}GATEWAYS"), "") or ""
    known |= variables_of(names_of(gateways))
    strangers = sorted(name for name in written if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [unnamed(name) or f"{name} is not a setting{_like(name, known)}" for name in strangers]


def secrets(settings: BaseSettings) -> list[str]:
    """Return the values of all secret fields, for `bridge.log.hide`."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    if isinstance(settings, Settings):
        values += [gateway.key for gateway in settings.named_gateways.values()]
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _written_in(env_file: Path | None) -> Mapping[str, str | None]:
    return dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}


def _like(name: str, known: Iterable[str]) -> str:
    bare = name.upper().removeprefix(PREFIX)  # those of a platform have no prefix of ours
    nearest = [bare] if bare in known else get_close_matches(name.upper(), known, 1)
    return f"; did you mean {nearest[0]}?" if nearest else "."


def _price(item: str) -> tuple[str, Price]:
    """Read ``openai:gpt-5=1.25/10`` or ``deepseek:*=¥2/¥3``: for a million tokens of the question, of the answer."""
    pattern, _, price = item.rpartition("=")
    found = _PRICE.fullmatch(price.strip())
    if not pattern.strip() or found is None:
        raise ValueError(f"{item!r} is no price; write for example openai:gpt-5=1.25/10")
    return pattern.strip(), Price(float(found[2]), float(found[3]), found[1].strip() or "$")


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.replace("\n", ",").split(",") if item.strip()]


def _sentence(error: ErrorDetails, kind: type[BaseSettings]) -> str:
    """Return one error as a sentence that begins with its variable."""
    field, *inner = map(str, error["loc"])
    is_gateway = field == "named_gateways" and len(inner) > 1
    name = gateway_variable(inner[0], inner[1]) if is_gateway else variable(kind, field)
    if is_gateway and error["type"] == "missing":
        return f"{name}: not set, though BRIDGE_GATEWAYS names {inner[0]}"
    text = error["msg"].removeprefix("Value error, ")
    return text if text.startswith(name) else f"{name}: {text[:1].lower() + text[1:]}"
