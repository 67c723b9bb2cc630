"""``/v1/knowledge-bases``: the bases of this process, and a search in them. A gateway without any has no such route."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bridge.server.dialects.fields import body_of
from bridge.server.errors import ApiError, json_response

MAX_QUERY_CHARACTERS = 1000
MAX_COUNT = 20


@dataclass(frozen=True, slots=True)
class FoundPassage:
    source: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    id: str
    name: str
    search: Callable[[str, int], Sequence[FoundPassage]]
    """Gives the passages that fit a question best, so many at most."""


def listed(known: Mapping[str, KnowledgeBase]) -> web.Response:
    """Raises ApiError."""
    _check(known)
    entries = [{"id": base.id, "name": base.name} for base in known.values()]
    return json_response({"knowledge_bases": entries, "total": len(entries)})


async def search(request: web.Request, known: Mapping[str, KnowledgeBase]) -> web.Response:
    """Raises ApiError."""
    _check(known)
    body = await body_of(request)
    query, count, ids = body.get("query"), body.get("document_count", 5), body.get("knowledge_base_ids")
    if not isinstance(query, str) or not 1 <= len(query) <= MAX_QUERY_CHARACTERS:
        raise ApiError(400, f"query has to be a text of 1 to {MAX_QUERY_CHARACTERS} characters", param="query")
    if not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        raise ApiError(400, f"document_count has to be a number from 1 to {MAX_COUNT}", param="document_count")
    asked = [base for id, base in known.items() if not isinstance(ids, list) or id in ids]
    if not asked:
        raise ApiError(404, "There is no knowledge base with these ids", "knowledge_base_not_found")
    results = [_result(base, each) for base in asked for each in base.search(query, count)]
    results = sorted(results, key=lambda each: -each["score"])[:count]
    bases = [{"id": base.id, "name": base.name} for base in asked]
    return json_response({"query": query, "results": results, "total": len(results), "searched_bases": bases})


def _check(known: Mapping[str, KnowledgeBase]) -> None:
    if not known:
        raise ApiError(404, "There is no such route", "not_found")


def _result(base: KnowledgeBase, found: FoundPassage) -> dict[str, Any]:
    return {
        "pageContent": found.text,
        "score": found.score,
        "metadata": {"source": found.source},
        "knowledge_base_id": base.id,
        "knowledge_base_name": base.name,
    }
