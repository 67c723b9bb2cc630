"""Markdown's tokens made ready for a terminal: addresses are written out, line breaks and stray cells are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token

from channels.console.blocks import PARSER

# The signs of the list or the quotation that the table stands in, and the bar that may open a row.
_BEFORE_CELLS = re.compile(r"(?:\s|>|[-*+]\s|\d+[.)]\s)*\|?")


def chat_tokens(source: str) -> list[Token]:
    """As markdown-it gives them, with the links, pictures and soft breaks in them rewritten as text."""
    tokens = PARSER.parse(source)
    if (wider := _with_wider_tables(source, tokens)) != source:
        tokens = PARSER.parse(wider)
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = list(_rewritten(token.children))
    return tokens


def _with_wider_tables(source: str, tokens: list[Token]) -> str:
    """A row with more cells than the head has (a bar in a piece of code) would lose them: the head is widened."""
    lines = source.split("\n")
    for token in tokens:
        if token.type == "table_open" and token.map:
            head, end = token.map
            missing = max((_cells(line) for line in lines[head + 2 : end]), default=0) - _cells(lines[head])
            if missing > 0:
                lines[head] = _closed(lines[head]) + "|" * missing
                lines[head + 1] = _closed(lines[head + 1]) + "-|" * missing
    return "\n".join(lines)


def _cells(line: str) -> int:
    """One too many in each row, for what stands behind the last bar."""
    return len(escapedSplit(_closed(_BEFORE_CELLS.sub("", line, count=1))))


def _closed(line: str) -> str:
    line = line.rstrip()
    return line if line.endswith("|") and not line.endswith("\\|") else line + "|"


def _rewritten(children: list[Token]) -> Iterator[Token]:
    address = label = ""
    for token in children:
        match token.type:
            case "softbreak":
                yield Token("hardbreak", "br", 0)
            case "link_open":
                address, label = str(token.attrs.get("href", "")), ""
                yield Token("anchor_open", "anchor", 1)
            case "link_close":
                yield Token("anchor_close", "anchor", -1)
                yield _text(_address_after(label, address))
            case "image":
                picture = token.content + _address_after(token.content, str(token.attrs.get("src", "")))
                label += picture
                yield _text(picture)
            case _:
                label += token.content
                yield token


def _address_after(label: str, address: str) -> str:
    """What follows `label` so that `address` can be read; nothing where it is the label."""
    if not label:
        return address
    return "" if not address or address in {label, f"mailto:{label}"} else f" ({address})"


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
