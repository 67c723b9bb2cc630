"""The knowledge bases of a gateway: which there are, and what a search in them finds.

Cherry Studio has them at ``/v1/knowledge-bases`` since v1.8.4. While its window is closed, v1.x answers 503.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.errors import ProviderRefused
from bridge.gateway.dialects.fields import as_dict, as_list, as_text
from bridge.gateway.http import GatewayHttp

BASES_PATH = "/v1/knowledge-bases"
MAX_BASES = 100
"""The most that one page holds."""
MAX_QUERY_CHARACTERS = 1000
"""Both v1.8.4 and v2 refuse a longer one."""
SEARCH_SECONDS = 20.0
"""A search has an embedding made of the question first."""

NOT_THERE = (404, 405, 501)
"""HTTP statuses of a gateway without the route, and of one without the base."""


@dataclass(frozen=True, slots=True)
class KnowledgeBaseEntry:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class KnowledgeResult:
    """A passage that was found."""

    base: str
    """The name of the base."""
    source: str
    """The file or address that it is from; empty where the gateway does not say."""
    where: str
    """Its page; empty where the gateway does not say."""
    text: str


class GatewayKnowledge:
    """Everything raises GatewayError: ProviderRefused with one of `NOT_THERE` where the gateway has no knowledge
    bases, or not the one that is asked for."""

    def __init__(self, http: GatewayHttp) -> None:
        self._http = http

    async def bases(self) -> list[KnowledgeBaseEntry]:
        response = await self._http.response(BASES_PATH, {"limit": MAX_BASES})
        entries = as_list(as_dict(self._read(response)).get("knowledge_bases"))
        return [
            KnowledgeBaseEntry(each["id"], as_text(each.get("name")) or each["id"])
            for each in map(as_dict, entries)
            if isinstance(each.get("id"), str) and each["id"]
        ]

    async def search(self, query: str, bases: Sequence[str], count: int) -> list[KnowledgeResult]:
        """The `count` best passages of the `bases` with these ids, or of all where none are named; the best first."""
        asked: dict[str, Any] = {"query": query[:MAX_QUERY_CHARACTERS], "document_count": count}
        if bases:
            asked["knowledge_base_ids"] = list(bases)
        response = await self._http.post_json(f"{BASES_PATH}/search", asked, SEARCH_SECONDS)
        results = as_list(as_dict(self._read(response)).get("results"))
        return [found for each in map(as_dict, results) if (found := _result(each)).text.strip()][:count]

    def _read(self, response: httpx.Response) -> Any:
        if response.status_code in NOT_THERE:
            raise self._http.named(ProviderRefused(response.status_code, "the gateway has no such knowledge base"))
        return self._http.read_json(response)


def _result(entry: dict[str, Any]) -> KnowledgeResult:
    """Read a result. The text is `pageContent` in v1.x; v2 has either name."""
    about = as_dict(entry.get("metadata"))
    page = about.get("page", as_dict(about.get("loc")).get("pageNumber"))
    return KnowledgeResult(
        as_text(entry.get("knowledge_base_name")),
        as_text(about.get("source")) or as_text(about.get("fileName")),
        str(page) if isinstance(page, int) and not isinstance(page, bool) else "",
        as_text(entry.get("pageContent")) or as_text(entry.get("content")) or as_text(entry.get("text")),
    )
