"""Markdown cut into the pieces that can be rendered one by one: top-level blocks, and the items of a list.

Each piece stands on its own (an item keeps its number), so what is finished never has to be looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bridge.blocks import scan

# Without HTML a `vector<int>` stays what it is, and without reference definitions no `[1]: https://…` vanishes.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable("reference")

_BLANK_LINE = re.compile(r"\n[ \t]*\n[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Code:
    """A fenced block. `info` is what stands behind the fence, as a rule a language; the last of the `lines` may
    still be growing."""

    info: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """`start` is where its first line begins in the source, `text` runs to the next block."""

    start: int
    text: str
    item: bool
    """One item of a list."""
    apart: bool
    """There is an empty line before it."""
    code: Code | None = None


def blocks(text: str, begin: int = 0) -> list[Block]:
    """All of `text` from `begin` on, where a block begins, but for empty lines before the first."""
    source = text[begin:]
    tokens = list(_pieces(PARSER.parse(source)))
    if "[^" in source:  # further paragraphs of a footnote are no code
        within = {
            line for note in scan(source.split("\n")) if note.kind == "note" for line in range(note.start + 1, note.end)
        }
        tokens = [token for token in tokens if not token.map or token.map[0] not in within]
    starts = [begin, *(begin + match.end() for match in re.finditer("\n", source))]
    edges = [*(starts[token.map[0]] for token in tokens if token.map), len(text)]
    return [
        Block(
            start,
            text[start:end],
            item=token.type == "list_item_open",
            apart=bool(_BLANK_LINE.search(text, max(start - 200, 0), start)),
            code=_code(token) if token.type == "fence" else None,
        )
        for token, (start, end) in zip(tokens, pairwise(edges), strict=True)
    ]


def _pieces(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        top = token.level == 0 and token.nesting >= 0 and not token.type.endswith("_list_open")
        if token.map and (top or (token.level == 1 and token.type == "list_item_open")):
            yield token


def _code(token: Token) -> Code:
    return Code(token.info.strip(), tuple(token.content.removesuffix("\n").split("\n")))
