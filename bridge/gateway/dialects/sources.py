"""The pages that an answer rests on, in all the shapes in which providers name them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.events import Source
from bridge.gateway.dialects.fields import as_count, as_dict, as_list, as_text

MAX_TITLE_CHARACTERS = 200

_LISTS = ("search_results", "references", "web_search", "citations")
"""Top-level lists: Perplexity and Ernie, Doubao, Zhipu; Perplexity, xAI and OpenRouter name bare URLs last."""


def read_sources(data: dict[str, Any]) -> Iterator[Source]:
    """The sources that a chunk or a delta lists; an item's place in its list, from 1, is its number."""
    for name in _LISTS:
        yield from _numbered(data.get(name))
    yield from _numbered(as_dict(data.get("search_info")).get("search_results"))  # Qwen, Hunyuan
    for name in ("groundingMetadata", "grounding_metadata"):  # Gemini, under either spelling
        chunks = as_list(as_dict(data.get(name)).get("groundingChunks" if "M" in name else "grounding_chunks"))
        yield from _numbered([as_dict(as_dict(chunk).get("web")) for chunk in chunks])
    yield from _of_documents(as_list(data.get("sources")))


def _of_documents(sources: list[Any]) -> Iterator[Source]:
    """Open WebUI's: a source with the documents found in it, whose addresses stand in `metadata`."""
    for place, each in enumerate(map(as_dict, sources), 1):
        found = [as_dict(each.get("source")), *map(as_dict, as_list(each.get("metadata")))]
        pages = [{**page, "url": page.get("url") or page.get("source")} for page in [*found, each]]
        source = next((source for page in pages if (source := _source(page, place)) is not None), None)
        if source is not None:
            yield source


def read_annotations(annotations: Any) -> Iterator[Source]:
    """OpenAI's and OpenRouter's ``url_citation``; the text does not refer to them by number."""
    for each in map(as_dict, as_list(annotations)):
        if (source := _source(as_dict(each.get("url_citation")) or each)) is not None:
            yield source


def read_citation(citation: Any) -> Iterator[Source]:
    """What Anthropic's ``citations_delta`` points at, where that is a page."""
    if (source := _source(as_dict(citation))) is not None:
        yield source


def _numbered(items: Any) -> Iterator[Source]:
    for place, item in enumerate(as_list(items), 1):
        entry = {"url": item} if isinstance(item, str) else as_dict(item)
        # Cohere names the documents that a citation rests on one level further down.
        entry = next(iter(map(as_dict, as_list(entry.get("sources")))), entry)
        entry = as_dict(entry.get("document")) or entry
        number = as_count(entry.get("index")) or as_count(entry.get("id")) or place
        if (source := _source(entry, number)) is not None:
            yield source


def _source(entry: dict[str, Any], number: int = 0) -> Source | None:
    url = next((each for name in ("url", "link", "uri") if (each := as_text(entry.get(name)))), "")
    if not url.startswith(("https://", "http://")) or any(map(str.isspace, url)):
        return None
    title = " ".join((as_text(entry.get("title")) or as_text(entry.get("name"))).split())
    return Source(url, title[:MAX_TITLE_CHARACTERS], number)
