"""What stands in a message, as a person's app shows it: paragraphs with their styles, code, tables.

Read from what the emulators keep: Telegram's text with its entities, Feishu's cards with their Markdown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.emulators.feishu import tenant
from tests.emulators.telegram.text import Formatted

Style = Literal["", "bold", "italic", "code", "link"]
_STYLES: dict[str, Style] = {
    "bold": "bold",
    "strong": "bold",
    "italic": "italic",
    "em": "italic",
    "code": "code",
    "text_link": "link",
    "url": "link",
    "bot_command": "link",
}
_PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: Style = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    line: Line


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[tuple[Line, ...], ...]


Block = Prose | Code | Table


def plain(text: str) -> tuple[Block, ...]:
    return tuple(Prose((Span(line),)) for line in text.split("\n"))


def from_telegram(content: Formatted) -> tuple[Block, ...]:
    """Empty lines stay, as Telegram shows them."""
    styles: list[str] = [""] * len(content.text)
    for entity in content.entities:
        start, end = (_index(content.text, at) for at in (entity.offset, entity.end))
        styles[start:end] = [entity.type] * (end - start)
    blocks: list[Block] = []
    pieces = [
        (kind, "".join(letter for letter, _ in group))
        for kind, group in groupby(zip(content.text, styles, strict=True), key=lambda each: each[1])
    ]
    line: list[Span] = []
    for kind, text in pieces:
        if kind == "pre":
            if line:
                blocks.append(Prose(tuple(line)))
            blocks.append(Code(text))
            line = []
            continue
        below_code = not line and bool(blocks) and isinstance(blocks[-1], Code)
        first, *rest = text.removeprefix("\n" if below_code else "").split("\n")
        line += [Span(first, _STYLES.get(kind, ""))] * bool(first)
        for following in rest:
            blocks.append(Prose(tuple(line)))
            line = [Span(following, _STYLES.get(kind, ""))] * bool(following)
    if line:
        blocks.append(Prose(tuple(line)))
    return tuple(blocks)


def _index(text: str, units: int) -> int:
    """Where in `text` so many UTF-16 units end."""
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le"))


def from_feishu(message: tenant.Message) -> tuple[Block, ...]:
    if message.kind == "text":
        return plain(str(message.content["text"]))
    card = message.card.data if message.card else message.content
    return tuple(block for element in card["body"]["elements"] for block in _element(element))


def _element(element: dict[str, Any]) -> Iterator[Block]:
    if element["tag"] == "markdown":
        yield from _markdown(_PARSER.parse(element["content"]))


def _markdown(tokens: Sequence[Token]) -> Iterator[Block]:
    rows: list[tuple[Line, ...]] = []
    row: list[Line] = []
    marker = ""
    table = False
    for number, token in enumerate(tokens):
        match token.type:
            case "fence" | "code_block":
                yield Code(token.content.rstrip("\n"))
            case "table_open":
                table, rows = True, []
            case "tr_open":
                row = []
            case "tr_close":
                rows.append(tuple(row))
            case "table_close":
                table = False
                yield Table(tuple(rows))
            case "list_item_open":
                marker = f"{token.info}. " if token.info else "• "
            case "inline" if table:
                row.append(next(_lines(token), ()))
            case "inline":
                if number > 1 and not marker:  # the first one is opened by one token
                    yield Prose(())
                for line in _lines(token):
                    yield Prose((Span(marker), *line) if marker else line)
                    marker = ""


def _lines(token: Token) -> Iterator[Line]:
    line: list[Span] = []
    style: Style = ""
    for child in token.children or []:
        if child.type in {"softbreak", "hardbreak"}:
            yield tuple(line)
            line = []
        elif child.type == "link_open":
            style = "link"
        elif child.type in {"strong_open", "em_open"}:
            style = _STYLES[child.tag]
        elif child.nesting == -1:
            style = ""
        elif child.content:
            line.append(Span(child.content, "code" if child.type == "code_inline" else style))
    if line:
        yield tuple(line)
