"""Where knowledge comes from: the bases of the gateways, and the documents that a chat keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import PurePath
from typing import Literal
from urllib.parse import urlsplit

import structlog

from bridge.errors import GatewayError, ProviderRefused
from bridge.gateway import NOT_THERE, Gateway, KnowledgeResult
from bridge.knowledge.passages import MAX_PASSAGE_CHARACTERS, Passage, cut
from bridge.knowledge.ranking import rank
from bridge.store import DocumentStore, KeptDocument
from bridge.tools import lines, plain
from bridge.types import Chat

log = structlog.get_logger(__name__)

MAX_PASSAGES = 6
"""Passages that go with one question."""
MAX_DOCUMENT_CHARACTERS = 400_000
"""Of one document of a chat; the rest is left out."""
MAX_NAME_CHARACTERS = 80

Problem = Literal["", "away", "absent", "empty"]
"""Why a search came to nothing: a gateway did not answer, has no such knowledge, nothing fitted."""


@dataclass(frozen=True, slots=True)
class Base:
    key: str
    """Its id, with the name of its gateway where there are several."""
    name: str


@dataclass(slots=True)
class Bases:
    """What there is now."""

    all: list[Base] = field(default_factory=list)
    problem: Problem = ""


@dataclass(frozen=True, slots=True)
class Found:
    passages: Sequence[Passage]
    """The best first."""
    problem: Problem = ""
    """Of a part of the search, where there are passages all the same."""


class Knowledge:
    """Holds nothing, and asks nobody before it is asked."""

    def __init__(self, documents: DocumentStore, gateways: Sequence[Gateway]) -> None:
        self._documents = documents
        self._gateways = gateways

    async def bases(self) -> Bases:
        """The bases of every gateway. Raises nothing."""
        found = Bases()
        lists = await asyncio.gather(*(gateway.knowledge.bases() for gateway in self._gateways), return_exceptions=True)
        for gateway, each in zip(self._gateways, lists, strict=True):
            if isinstance(each, GatewayError):
                found.problem = _problem(each)
            elif isinstance(each, BaseException):
                raise each
            else:
                found.all += [Base(_key(entry.id, gateway), plain(entry.name, MAX_NAME_CHARACTERS)) for entry in each]
        return found

    async def find(self, chat: Chat, question: str, bases: Collection[str] | None, *, own: bool) -> Found:
        """The passages that fit `question`: of the bases with these keys (None: of all), and of the chat's documents.

        Raises StoreError.
        """
        # What was kept here comes first: it is found by its words, while a base always finds something.
        searches = [self._search_documents(chat, question)] if own else []
        for gateway in self._gateways:
            ids = [id for key in bases or () if (id := _id_at(key, gateway))]
            if ids or bases is None:
                searches.append(self._search(gateway, ids, question))
        parts = await asyncio.gather(*searches)
        # Scores of different searches cannot be compared: the best of each, then the second of each.
        merged = [each for each in chain(*zip_longest(*(part.passages for part in parts))) if each is not None]
        passages = list({each.text: each for each in merged}.values())[:MAX_PASSAGES]
        problem: Problem = next((part.problem for part in parts if part.problem not in ("", "empty")), "")
        return Found(passages, problem or ("" if passages else "empty"))

    async def add(self, chat: Chat, name: str, text: str, seconds: int) -> KeptDocument | None:
        """Keep a document of the chat; None where there is no room. Raises StoreError."""
        kept = text[:MAX_DOCUMENT_CHARACTERS]
        passages = await asyncio.to_thread(cut, kept)
        whole = len(kept) == len(text)
        return await self._documents.add(
            chat, plain(name, MAX_NAME_CHARACTERS), passages, is_whole=whole, seconds=seconds
        )

    async def _search(self, gateway: Gateway, ids: Sequence[str], question: str) -> Found:
        try:
            results = await gateway.knowledge.search(question, ids, MAX_PASSAGES)
        except GatewayError as error:
            log.info("knowledge not searched", why=str(error))
            return Found((), _problem(error))
        return Found([_passage(each) for each in results])

    async def _search_documents(self, chat: Chat, question: str) -> Found:
        documents = await self._documents.all(chat)
        passages = [Passage(each.name, where, text) for each in documents for where, text in each.passages]
        texts = [f"{each.where}\n{each.text}" for each in passages]
        places = await asyncio.to_thread(rank, question, texts, MAX_PASSAGES)
        return Found([passages[place] for place in places])


def _key(id: str, gateway: Gateway) -> str:
    return f"{id}@{gateway.id}" if gateway.id else id


def _id_at(key: str, gateway: Gateway) -> str:
    """The id of a base at its gateway; empty where it is at another."""
    if not gateway.id:
        return key
    return key.removesuffix(f"@{gateway.id}") if key.endswith(f"@{gateway.id}") else ""


def _problem(error: GatewayError) -> Problem:
    return "absent" if isinstance(error, ProviderRefused) and error.status in NOT_THERE else "away"


def _passage(result: KnowledgeResult) -> Passage:
    """A result as it may be seen. Of a path or an address, only its last part tells people something."""
    source = result.source
    name = PurePath(urlsplit(source).path or source).name if "://" in source else source.replace("\\", "/")
    name = plain(PurePath(name).name or source, MAX_NAME_CHARACTERS)
    base = plain(result.base, MAX_NAME_CHARACTERS)
    document = f"{name} ({base})" if name and base else name or base or "?"
    where = f"page {result.where}" if result.where else ""
    return Passage(document, where, lines(result.text[:MAX_PASSAGE_CHARACTERS]))
