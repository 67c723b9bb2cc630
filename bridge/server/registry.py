"""The providers in force, from `gateway.toml` as it stands, and which of them a model's name means."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog

from bridge import log as logs
from bridge.errors import SettingsError
from bridge.server.config import GatewayConfig, ServerConfig, read_config
from bridge.server.errors import ApiError
from bridge.server.knowledge import KnowledgeBase
from bridge.server.ledger import Ledger
from bridge.server.mcps import McpServer
from bridge.server.meter import CONFIG
from bridge.server.models import ListedModel
from bridge.server.provider import HttpProvider, LocalProvider
from bridge.server.upstream import Upstream

WATCH_SECONDS = 1.0

AnyProvider = HttpProvider | LocalProvider

log = structlog.get_logger(__name__)


class Registry:
    """`local` are the providers in this process, which no file names; `ledger` is where limits are kept."""

    def __init__(
        self,
        upstream: Upstream,
        path: Path | None,
        local: Iterable[LocalProvider] = (),
        ledger: Ledger | None = None,
    ) -> None:
        self._upstream = upstream
        self._ledger = ledger
        self._path = path
        self._local = {provider.id: provider for provider in local}
        self.server = ServerConfig()
        self.providers: dict[str, AnyProvider] = dict(self._local)
        self.mcps: dict[str, McpServer] = {}
        self.knowledge: dict[str, KnowledgeBase] = {}
        """Bases in this process, by id; no file names any."""
        self.error = ""
        """What is wrong with the file as it stands, while the one before it is in force."""
        self._seen: tuple[int, ...] = ()

    def load(self) -> None:
        """Read the file for the first time; where there is none, there is no provider yet. Raises SettingsError."""
        if self._path is not None and self._path.exists():
            self._seen = _stamp(self._path)
            self._apply(read_config(self._path))
        CONFIG.set(1)

    async def watch(self) -> None:
        """Apply every change of the file; one that cannot be read leaves the old one in force, and is logged."""
        while self._path is not None:
            await asyncio.sleep(WATCH_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Apply the file if it has changed."""
        if self._path is None or (stamp := _stamp(self._path)) == self._seen:
            return
        self._seen = stamp
        try:
            config = read_config(self._path)
        except SettingsError as error:
            self.error = str(error)
            CONFIG.set(0)
            log.error("gateway.toml is not applied", problems=list(error.problems))
            return
        gone = self._apply(config)
        self.error = ""
        CONFIG.set(1)
        log.info("gateway.toml applied", providers=sorted(self.providers))
        for each in gone:
            await each.close()

    def _apply(self, config: GatewayConfig) -> list[AnyProvider | McpServer]:
        """Put `config` in force; what has not changed stays, with what it has learned. Return what is gone."""
        before, kept = self.providers, dict(self._local)
        providers: dict[str, AnyProvider] = dict(kept)
        for id, spec in config.providers.items():
            old = before.get(id)
            same = isinstance(old, HttpProvider) and old.spec == spec and config.server == self.server
            providers[id] = (
                old if same and old is not None else HttpProvider(spec, config.server, self._upstream, self._ledger)
            )
            logs.hide(value for value, _ in spec.secrets)
        self.providers, self.server = providers, config.server
        gone: list[AnyProvider | McpServer] = [each for id, each in before.items() if providers.get(id) is not each]
        servers, known = self.mcps, {}
        for id, mcp in config.mcps.items():
            logs.hide(mcp.secrets)
            known[id] = servers[id] if id in servers and servers[id].spec == mcp else McpServer(mcp)
        self.mcps = known
        return gone + [each for id, each in servers.items() if known.get(id) is not each]

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in (*self.providers.values(), *self.mcps.values())))

    async def find(self, name: str, provider_id: str = "") -> tuple[AnyProvider, ListedModel]:
        """The model of that name: ``provider:model``, or a bare one that only one provider has.

        With `provider_id`, the model of that provider. Raises ApiError.
        """
        if not name:
            raise ApiError(400, "model must be a string that is not empty", "invalid_model", param="model")
        if provider_id:
            prefix, bare = provider_id, name.removeprefix(f"{provider_id}:")
            if prefix not in self.providers:
                raise ApiError(404, f"There is no provider '{prefix[:64]}'", "provider_not_found")
        else:
            prefix, colon, bare = name.partition(":")
            if not colon or prefix not in self.providers:
                return await self._find_bare(name)
        provider = self.providers[prefix]
        if bare and (model := provider.find(bare)) is not None:
            return provider, model
        said = f"The provider '{prefix}' has no model '{bare[:200]}'"
        raise ApiError(404, said, "model_not_found", param="model")

    async def _find_bare(self, name: str) -> tuple[AnyProvider, ListedModel]:
        found = self._having(name)
        if not found:  # their lists may not have been read yet
            await self.models()
            found = self._having(name)
        if len(found) == 1:
            return found[0]
        if found:
            has = ", ".join(f"{provider.id}:{model.id}" for provider, model in found[:8])
            raise ApiError(400, f"Several providers have this model; name one: {has}", "model_ambiguous", param="model")
        said = f"There is no model '{name[:200]}'; the format is provider:model"
        raise ApiError(404, said, "model_not_found", param="model")

    def _having(self, name: str) -> list[tuple[AnyProvider, ListedModel]]:
        return [
            (provider, model)
            for provider in self.providers.values()
            for model in provider.known()
            if name in {model.id, model.real}
        ]

    async def models(self) -> list[tuple[AnyProvider, Sequence[ListedModel]]]:
        """What each provider offers, all asked at once."""
        providers = list(self.providers.values())
        return list(zip(providers, await asyncio.gather(*(each.models() for each in providers)), strict=True))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode
