"""`gateway.toml`: the providers, their keys and models, and how the gateway itself is to behave."""

from __future__ import annotations

import re
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from bridge.errors import SettingsError
from bridge.server.dialects.base import DEFAULT_MAX_TOKENS, Name, Traits
from bridge.server.keyring import ProviderKey
from bridge.server.mcps.config import McpSpec, read_mcps
from bridge.server.presets import PRESETS, Auth, Preset
from bridge.server.rates import parse_rate
from bridge.server.values import convert, resolve, why

Type = Literal["openai", "openai-responses", "anthropic", "azure"]

_ID = re.compile(r"[\w.-]{1,64}")
_ROUTE = re.compile(r"/(?:chat/completions|completions|responses|messages|models|embeddings)/?$")
_TYPES: Mapping[Type, Name] = {
    "openai": "chat",
    "openai-responses": "responses",
    "anthropic": "messages",
    "azure": "chat",
}


class Price(Struct, forbid_unknown_fields=True, frozen=True):
    """What a million tokens cost, in the currency of the budgets. What was cached costs `cached` where it is given."""

    input: float
    output: float
    cached: float | None = None


class ServerConfig(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    host: str = "127.0.0.1"
    port: int = 23333
    wait_seconds: float = 30.0
    """How long a request may wait for its turn at a provider that limits the rate; 0: it gets an error at once."""
    first_token_seconds: float = 300.0
    idle_seconds: float = 120.0
    keep_alive_seconds: float = 15.0
    """Seconds without a word after which a client gets a comment, so that no proxy on the way gives up."""
    max_body_mb: float = 50.0
    models_seconds: float = 600.0
    """How long a provider's list of models is used before it is read again."""
    cors: tuple[str, ...] = ()
    """Origins of web pages that may ask, such as ``https://chat.example``."""


class ProviderConfig(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One provider as it is written. What a preset knows need not be."""

    preset: str = ""
    type: Type | None = None
    name: str = ""
    url: str = ""
    messages_url: str = ""
    responses_url: str = ""
    key: str = ""
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """Patterns of the models to offer; without any, all that the provider lists."""
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    """Other names for models, by name."""
    prices: dict[str, Price] = msgspec.field(default_factory=dict)
    """By pattern; the first that fits counts."""
    limit: str = ""
    """How often the provider may be asked, such as ``60/min``."""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    proxy: str = ""
    max_tokens: int = DEFAULT_MAX_TOKENS
    reasoning_history: bool | None = None
    enabled: bool = True

    def __repr__(self) -> str:
        return f"ProviderConfig(preset={self.preset!r}, url={self.url!r})"


class ProviderSpec(Struct, frozen=True, kw_only=True):
    """One provider, ready for use. Two are equal where nothing about them has changed."""

    id: str
    config: ProviderConfig
    name: str
    urls: dict[Name, str]
    secrets: tuple[tuple[str, str], ...]
    """Keys, each with where it was read from."""
    auth: Auth
    kind: str
    traits: Traits
    only: dict[Name, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Patterns of the models that speak a dialect, where not all do."""

    def __repr__(self) -> str:
        return f"ProviderSpec({self.id!r})"

    def keys(self) -> list[ProviderKey]:
        return [ProviderKey(value, origin) for value, origin in self.secrets]

    def offers(self, model: str) -> bool:
        """Whether `model`, by the provider's own name, is to be offered."""
        return not self.config.models or any(fnmatchcase(model, pattern) for pattern in self.config.models)

    def speaks(self, dialect: Name, model: str) -> bool:
        """Whether `model`, by the provider's own name, can be asked in that dialect."""
        bare = model.lower().rpartition("/")[2]
        patterns = self.only.get(dialect, ("*",))
        return dialect in self.urls and any(fnmatchcase(bare, pattern) for pattern in patterns)

    def price(self, model: str) -> Price | None:
        return next((price for pattern, price in self.config.prices.items() if fnmatchcase(model, pattern)), None)


class GatewayConfig(Struct, frozen=True):
    server: ServerConfig
    providers: dict[str, ProviderSpec]
    mcps: dict[str, McpSpec] = msgspec.field(default_factory=dict)


def read_config(path: Path) -> GatewayConfig:
    """Read the file. Raises SettingsError with a sentence for everything that is wrong with it; none holds a key."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError([f"{path}: there is no such file; `cherry-bridge gateway add` makes it"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {why(error)}"]) from None
    if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
        raise SettingsError([f"{path}: others can read the keys in it; run `chmod 600 {path}`"])
    return parse_config(text, path)


def parse_config(text: str, path: Path) -> GatewayConfig:
    """Read the text of the file at `path`, whose folder is where ``file:`` begins. Raises SettingsError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: {error}"]) from None
    faults: list[str] = []
    unknown = sorted(set(data) - {"server", "providers", "mcps"})
    faults += [f"{path}: {name}: no such section; there are server, providers and mcps" for name in unknown]
    server = convert(data.get("server", {}), ServerConfig, f"{path}: server", faults) or ServerConfig()
    providers: dict[str, ProviderSpec] = {}
    tables = data.get("providers", {})
    for id, table in tables.items() if isinstance(tables, dict) else ():
        config = convert(table, ProviderConfig, f"{path}: providers.{id}", faults)
        if config is not None and config.enabled:
            found = list(_spec_faults(id, config))
            faults += [f"{path}: providers.{id}{fault}" for fault in found]
            if not found:
                try:
                    providers[id] = make_spec(id, config, path.parent)
                except ValueError as error:
                    faults.append(f"{path}: providers.{id}.{error}")
    mcps = read_mcps(data.get("mcps", {}), path, faults)
    if faults:
        raise SettingsError(faults)
    return GatewayConfig(server, providers, mcps)


def _spec_faults(id: str, config: ProviderConfig) -> Iterator[str]:
    if not _ID.fullmatch(id):
        yield ": a provider's id is made of letters, digits, '-', '_' and '.'"
    if id == "mcp":
        yield ": this id stands for MCP servers in the patterns of keys; choose another"
    if config.preset and config.preset not in PRESETS:
        yield f".preset: there is no preset {config.preset!r}; there are {', '.join(PRESETS)}"
    elif not (config.url or config.messages_url or config.responses_url) and not _preset(id, config).urls:
        yield ".url: not set, and no preset knows it"
    for name in ("url", "messages_url", "responses_url", "proxy"):
        value = getattr(config, name)
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            yield f".{name}: not an address; it begins with http:// or https://"
    if config.limit:
        try:
            parse_rate(config.limit)
        except ValueError as error:
            yield f".limit: {error}"


_PLAIN = Preset("", {}, needs_key=False)


def _preset(id: str, config: ProviderConfig) -> Preset:
    """The preset that is named or, where neither an address nor a type is given, has the provider's name."""
    if config.preset:
        return PRESETS[config.preset]
    return PRESETS.get(id, _PLAIN) if not config.url and config.type in {None, "azure"} else _PLAIN


def make_spec(id: str, config: ProviderConfig, folder: Path) -> ProviderSpec:
    """Put together what is written and what a preset knows. Raises ValueError where a key cannot be read."""
    preset = PRESETS["azure"] if config.type == "azure" else _preset(id, config)
    urls = dict(preset.urls)
    if config.url:
        azure = preset is PRESETS["azure"]
        url = _azure_url(config.url) if azure else base_url(config.url)
        alike: list[Name] = list(urls) if len(set(urls.values())) == 1 else list(urls)[:1]
        urls = {_TYPES[config.type]: url} if config.type else dict.fromkeys(alike, url) or {"chat": url}
    if config.messages_url:
        urls["messages"] = base_url(config.messages_url)
    if config.responses_url:
        urls["responses"] = base_url(config.responses_url)
    written = (*((config.key,) if config.key else ()), *config.keys)
    if not written and preset.needs_key and preset.env:
        written = (f"env:{preset.env}",)
    secrets = tuple(secret for at, text in enumerate(written) for secret in read_secret(text, at + 1, folder))
    history = preset.reasoning_history if config.reasoning_history is None else config.reasoning_history
    limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    if preset.max_completion_tokens:
        limit_field = "max_completion_tokens"
    return ProviderSpec(
        id=id,
        config=config,
        name=config.name or preset.label or id,
        urls=urls,
        secrets=secrets,
        auth="x-api-key" if config.type == "anthropic" and not preset.label else preset.auth,
        kind="anthropic" if config.type == "anthropic" else preset.kind,
        traits=Traits(limit_field, history, config.max_tokens),
        only=dict(preset.only),
    )


def read_secret(text: str, number: int, folder: Path) -> list[tuple[str, str]]:
    """The keys that `text` names, each with its origin: a value, ``env:NAME`` or ``file:PATH``.

    Commas separate several. Raises ValueError with a sentence that does not repeat the key.
    """
    origin = text if text.startswith(("env:", "file:")) else f"key {number}"
    try:
        value = resolve(text, folder)
    except ValueError as error:
        raise ValueError(f"keys: {error}") from None
    found = [key for part in value.split(",") if (key := "".join(part.split()))]
    if not found or not all(key.isascii() and key.isprintable() for key in found):
        raise ValueError(f"keys: {origin} is empty or holds characters that no key has")
    return [(key, origin) for key in found]


def base_url(url: str) -> str:
    """The address to which a dialect's path is appended, from what people paste.

    A whole route is cut off, ``/v1`` is added to a bare host, and ``#`` at the end leaves an address as it is; that is
    how Cherry Studio writes it.
    """
    if url.endswith("#"):
        return url.rstrip("#").rstrip("/")
    cut = _ROUTE.sub("", url.strip()).rstrip("/")
    return cut if urlsplit(cut).path.strip("/") else f"{cut}/v1"


def _azure_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/openai/v1"
