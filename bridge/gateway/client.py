"""The gateway as the bridge uses it: its list of models, and a completion from one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, Self, TypeGuard

import httpx
import structlog

from bridge.errors import CHERRY_STUDIO, GatewayError, GatewaySilent, GatewayUnreachable, ProviderFailed
from bridge.gateway.completion import MAX_ATTEMPTS, Completion, Pause, Timeouts, no_pause
from bridge.gateway.dialects import Dialect
from bridge.gateway.errors import V16_MAX_BODY_BYTES
from bridge.gateway.http import MODELS_PATH, GatewayHttp, not_a_gateway
from bridge.gateway.knowledge import GatewayKnowledge
from bridge.gateway.labels import labelled
from bridge.gateway.mcps import GatewayMcps
from bridge.gateway.models import Model, nearest, usable_models
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures
from bridge.gateway.quirks import MemoryQuirks, QuirkStore
from bridge.gateway.request import CompletionRequest, Shorter
from bridge.gateway.server_name import name_by_models, name_by_root
from bridge.gateway_address import base_url
from bridge.sampling import UNSET, Sampling
from bridge.types import ChatMessage, ModelId, ToolSpec

log = structlog.get_logger(__name__)

Generation = Literal["A", "B", "C", "other"]
"""A generation of Cherry Studio's API gateway: ``A`` is v1.6, ``B`` v1.7 to v1.9, ``C`` v2. ``other`` is an
OpenAI-compatible server that is not Cherry Studio, or a Cherry Studio behind a proxy that passes only ``/v1``."""

MODELS_PAGE_SIZE = 100_000
"""Models to ask for at once. v1.7 to v1.9 send 20 where no limit is given, and have no upper bound."""

_PROXY_STATUSES = {502, 503, 504}
"""What a proxy answers that finds nothing behind it."""

MODELS_TTL_SECONDS = 60.0
"""How long a list of models is used before it is read again."""


class Gateway:
    """Cherry Studio's API gateway at `url`. Used with ``async with``, once.

    `first_token`, `idle`, `connect` and `retry_delay` are seconds. The gateway sends no keep-alive, v2 no headers
    before the first token, and it gives up on a silent provider after 5 to 20 minutes.
    Raises ValueError with a sentence for the reader where `url` is not an address.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        first_token: float = 300.0,
        idle: float = 120.0,
        connect: float = 5.0,
        retry_delay: float = 0.5,
        quirks: QuirkStore | None = None,
        id: str = "",
        label: str = "",
    ) -> None:
        self.url = base_url(url)
        self.id = id
        """What names it among several, as the settings have it; empty where there is one. The ids of its models then
        end with it: ``openai:gpt-5@work``."""
        self.label = label or id
        """What the operator calls it."""
        self._http = GatewayHttp(self.url, key, connect, id=id, label=self.label)
        self._timeouts = Timeouts(first_token, idle, retry_delay)
        self.quirks: QuirkStore = quirks or MemoryQuirks()
        """What models refuse and can be done without, as learned so far."""
        self.mcps = GatewayMcps(self._http)
        """The MCP servers that it hands out."""
        self.knowledge = GatewayKnowledge(self._http)
        """Its knowledge bases."""
        self._dialects: dict[str, Dialect] = {}
        self.known_models: Sequence[Model] = ()
        """The list as it was read last, however old."""
        self._read_at = float("-inf")
        self._reading: asyncio.Task[Sequence[Model]] | None = None
        self._identified = False
        """Whether the root has been looked at."""
        self._max_body_bytes: int | None = None
        self._limit_read_at = float("-inf")

    def __repr__(self) -> str:
        return f"Gateway({self.url!r})"

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._http.__aexit__(*exc)

    async def models(self, *, fresh: bool = False) -> Sequence[Model]:
        """The models that can chat, from a list at most a minute old; `fresh` reads it again.

        Concurrent callers share one request and its error. Raises GatewayUnreachable, KeyRefused, NoModelList or
        another GatewayError; an old list is never returned in place of one that cannot be read.
        """
        now = asyncio.get_running_loop().time()
        if not fresh and now - self._read_at < MODELS_TTL_SECONDS:
            return self.known_models
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_models())
            self._reading.add_done_callback(self._has_read)
        return await asyncio.shield(self._reading)

    async def entries(self) -> list[dict[str, object]]:
        """Every entry of the gateway's list of models that has an id, usable or not, each id once.

        Asks the gateway each time. Raises what `models` does.
        """
        entries: dict[str, dict[str, object]] = {}
        offset = 0
        while True:
            window = {"offset": offset} if offset else {}
            page = await self._http.get(MODELS_PATH, {"limit": MODELS_PAGE_SIZE, **window})
            data, total = (_data(page), page.get("total")) if isinstance(page, dict) else (None, None)
            if not isinstance(data, list):
                raise not_a_gateway(self.url)
            known = len(entries)
            entries |= {str(entry["id"]): entry for entry in data if _is_entry(entry)}
            offset += len(data)
            if not isinstance(total, int) or offset >= total or len(entries) == known:
                return list(entries.values())

    def stream(
        self,
        model: ModelId,
        messages: Sequence[ChatMessage],
        *,
        shorter: Shorter | None = None,
        pause: Pause = no_pause,
        sampling: Sampling = UNSET,
        pictures: LoadedPictures = NO_PICTURES,
        tools: Sequence[ToolSpec] = (),
        first_token: float | None = None,
        attempts: int = MAX_ATTEMPTS,
    ) -> Completion:
        """A completion of `messages` by `model`. The request is sent when its first piece is read.

        `pictures` are the contents of those that the messages refer to; any other becomes a note. `tools` are offered
        to the model, and dropped where it turns out that it calls none, which is remembered.

        Where the messages are too long for the model, `shorter` is called, once, for others to send instead; the
        error stands where it returns none, or where there is no `shorter`. `pause` sets the pace of reading.
        `first_token` is how many seconds it may take at most, where that is less than usual; `attempts` how often it is
        asked while nothing comes.
        """
        there = self.id_there(model)
        timeouts = self._timeouts
        if first_token is not None or attempts != MAX_ATTEMPTS:
            first = timeouts.first_token if first_token is None else min(timeouts.first_token, first_token)
            timeouts = replace(timeouts, first_token=first, attempts=attempts)
        listed = next((each for each in self.known_models if each.id_there == there), None)
        request = CompletionRequest(
            there.at(self.id),
            messages,
            dialects=self._dialects,
            quirks=self.quirks,
            shorter=shorter,
            sampling=sampling,
            pictures=pictures,
            tools=tools,
            sent_as=there,
            blind=listed is not None and listed.sees is False,
            max_tokens=listed.max_tokens if listed is not None else 0,
        )
        return Completion(self._http, request, timeouts=timeouts, nearest=self._nearest_known, pause=pause)

    def id_there(self, model: ModelId) -> ModelId:
        """What this gateway calls `model`."""
        bare, gateway = model.split_gateway()
        return bare if self.id and gateway == self.id else model

    @property
    def name(self) -> str:
        """What people call the server: Cherry Studio until something else is known, empty where only that is."""
        return self._http.name

    def recognise(self, name: str) -> None:
        """Go by the name under which somebody else has come to know the server."""
        self._http.name = name

    async def identify(self) -> None:
        """Find out the server's name, unless that is known. Raises GatewayUnreachable or GatewaySilent."""
        if not self._identified:
            await self._generation_by_root()

    async def max_body_bytes(self) -> int | None:
        """The largest request that the gateway takes; None where it takes more than any that we send.

        Raises nothing: a gateway that cannot be asked now will say what is wrong when it is asked to answer.
        """
        now = asyncio.get_running_loop().time()
        if now - self._limit_read_at >= MODELS_TTL_SECONDS:
            try:
                self._max_body_bytes = V16_MAX_BODY_BYTES if await self.generation() == "A" else None
            except GatewayError as error:
                log.debug("generation not known", cause=type(error).__name__)
            self._limit_read_at = now
        return self._max_body_bytes

    async def generation(self) -> Generation:
        """Which generation of Cherry Studio's gateway answers, told from ``GET /``. Needs no key.

        `version` there says 1.0.0 in all of them. ``other`` is a server that answers ``/v1/models`` in JSON, be it
        with an error, or whose root tells its name. Raises GatewayUnreachable where the server is neither, or there
        is none.
        """
        return await self._generation_by_root() or await self._other()

    async def _generation_by_root(self) -> Generation | None:
        """The generation of Cherry Studio that the root tells; None where it tells none, but maybe another name."""
        response = await self._http.response("/")
        try:
            root = response.json() if response.status_code == httpx.codes.OK else None
        except (ValueError, RecursionError):
            root = None
        self._identified = response.status_code not in _PROXY_STATUSES
        endpoints = root.get("endpoints") if isinstance(root, dict) else None
        if not isinstance(endpoints, dict) or "health" not in endpoints:
            self._http.name = name_by_root(response) or self._http.name
            return None
        self._http.name = CHERRY_STUDIO
        if endpoints.get("docs") == "GET /openapi":
            return "C"
        # v1.6 calls its completions `chat`; v1.7 lists nothing but `health`.
        return "A" if "chat" in endpoints else "B"

    async def _other(self) -> Generation:
        named = self.name not in ("", CHERRY_STUDIO)
        try:
            page = await self._http.get(MODELS_PATH, {"limit": 1})
        except (GatewayUnreachable, GatewaySilent):
            raise
        except GatewayError as error:  # it is there, and says why it gives no list
            if isinstance(error, ProviderFailed) and error.status in _PROXY_STATUSES and not named:
                raise not_a_gateway(self.url) from error
        else:
            data = _data(page) if isinstance(page, dict) else None
            if not isinstance(data, list):
                raise not_a_gateway(self.url)
            if not named:
                self._http.name = name_by_models([entry for entry in data if _is_entry(entry)])
                named = True
        if not named:
            self._http.name = ""
        return "other"

    async def ping(self) -> None:
        """Return where the gateway answers at all, whatever it says and whichever server it is.

        Raises GatewayUnreachable or GatewaySilent where nothing does, or a proxy that finds nothing behind it.
        """
        status = await self._http.status(MODELS_PATH)
        if status in _PROXY_STATUSES:
            raise self._http.named(GatewayUnreachable(self.url, f"the server before it answers {status}"))

    async def nearest(self, model: str, count: int = 5) -> list[ModelId]:
        """The `count` models whose names are most like `model`, best first. Raises what `models` does."""
        return nearest(model, await self.models(), count)

    async def _nearest_known(self, model: str) -> Sequence[ModelId]:
        try:
            return await self.nearest(model)
        except GatewayError as error:
            log.debug("no names to offer", cause=type(error).__name__)
            return ()

    async def _read_models(self) -> Sequence[Model]:
        entries = await self.entries()
        with suppress(GatewayError):
            await self.identify()
        if self.name == CHERRY_STUDIO:
            self._http.name = name_by_models(entries) or CHERRY_STUDIO
        models = usable_models(entries)
        if self.name == CHERRY_STUDIO and not all(model.id.provider for model in models):
            self._http.name = ""  # all of Cherry Studio's ids have one
        if self._http.is_direct:
            models = usable_models(entries, direct=True)
        log.debug("models read", usable=len(models), listed=len(entries))
        self._dialects.clear()
        self._dialects.update({model.id.provider: model.dialect for model in models})
        if self.id:
            models = [replace(m, id=m.id.at(self.id), gateway=self.id, gateway_label=self.label) for m in models]
        models = self.named(models)
        self.known_models, self._read_at = models, asyncio.get_running_loop().time()
        return models

    def named(self, models: Sequence[Model], names: Mapping[str, str] | None = None) -> list[Model]:
        """Its `models` with labels that tell them apart, `names` of an admin among them; see `labelled`."""
        return labelled(models, names, server=self._http.name if self._http.is_direct else "")

    def _has_read(self, task: asyncio.Task[Sequence[Model]]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # callers have received it; retrieving it here keeps asyncio from logging it


def _data(page: dict[str, object]) -> object:
    """The list in an answer of the models' route. Where there are no models, Ollama has sent null."""
    data = page.get("data")
    return [] if data is None and page.get("object") == "list" else data


def _is_entry(entry: object) -> TypeGuard[dict[str, object]]:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str)
