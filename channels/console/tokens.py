"""Markdown's tokens made ready for a terminal: what models write beyond Markdown is read by the kit, addresses are
written out, line breaks and stray cells are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from markdown_it.rules_block.table import escapedSplit
from markdown_it.token import Token

from channels.console.blocks import PARSER
from channels.kit.inline import JOINT, MARKS, Style, code_span
from channels.kit.markdown import Dialect
from channels.kit.notes import Notes

# The signs of the list or the quotation that the table stands in, and the bar that may open a row.
_BEFORE_CELLS = re.compile(r"(?:\s|>|[-*+]\s|\d+[.)]\s)*\|?")


_BREAK = "\ufdda"
_STYLES = {"b": "strong", "i": "em", "u": "anchor", "s": "s"}
_OUR_MARKS = re.compile("([\ufdd0-\ufdda])")
_TOKENS: dict[str, tuple[str, str, Literal[-1, 0, 1]]] = {
    _BREAK: ("hardbreak", "br", 0),
    **{MARKS[tag][0]: (f"{style}_open", style, 1) for tag, style in _STYLES.items()},
    **{MARKS[tag][1]: (f"{style}_close", style, -1) for tag, style in _STYLES.items()},
}


class _Console(Dialect):
    style = Style(tags=MARKS, joint=JOINT)
    break_in_cell = _BREAK
    labels_diagrams = False  # the rule above code shows its language

    def table(self, rows: Sequence[str], notes: Notes) -> list[str]:
        return [row if number == 1 else self.row(row, notes) for number, row in enumerate(rows)]

    def formula(self, rows: list[str]) -> list[str]:
        return list(map(code_span, rows))

    def fold(self, title: str, lines: list[str], *, closed: bool) -> list[str]:
        """The text below its title: a terminal folds nothing."""
        return [*([self.bold(title), ""] if title else []), *lines]


_DIALECT = _Console()


def chat_tokens(source: str, notes: Notes) -> list[Token]:
    """As markdown-it gives them, with the links, pictures and soft breaks in them rewritten as text.

    `notes` are the footnotes of the whole text that `source` is a part of.
    """
    source = _DIALECT.render(source, notes)
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
            case "text" if _OUR_MARKS.search(token.content):
                for part in _OUR_MARKS.split(token.content):
                    if part in _TOKENS:
                        kind, tag, nesting = _TOKENS[part]
                        yield Token(kind, tag, nesting)
                    elif part != JOINT:
                        label += part
                        yield _text(part)
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
