"""Markdown as models write it, in the dialect of Feishu's cards.

Line by line, so that what has been rendered rarely changes as the text grows: Feishu types on only where the old
text is a prefix of the new. Folded text is quoted instead: panels that fold are components of a card, not Markdown.
Nothing a model writes may call people (`<at>`), and nothing may make Feishu refuse
the card: a picture by address, or a fourth table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.blocks import Fence, is_delimiter
from bridge.shorten import shorten
from channels.kit.inline import TIMES, Style
from channels.kit.markdown import Dialect, walk
from channels.kit.notes import Notes
from channels.kit.tables import DELIMITER_ROW
from channels.kit.text import clean

MAX_TABLES = 3
"""Of Markdown in one card; a fourth is refused with 230099, ErrCode 11310 (measured by ByteDance's own plug-in)."""
MAX_LENGTH = 24 * 1024
"""Of what `measure` returns. A card may have 30 KB of JSON; the rest is for buttons and what rendering adds."""
ZERO_WIDTH = "\u200b"

_BACKTICKS = re.compile(r"[ \t]*(`{3,})")
_CALL = re.compile(r"<(?=at[\s>/])", re.IGNORECASE)


class _Feishu(Dialect):
    """For one text: it counts the tables."""

    style = Style(
        tags={"b": ("**", "**"), "i": ("*", "*"), "u": ("", ""), "s": ("~~", "~~")},
        escape=lambda mark: f"&#{ord(mark)};",
        joint=ZERO_WIDTH,
        angle="&#60;",
        ampersand="&#38;",
        nests_pictures=False,
        picture=lambda words, address: f"[{words or address}]({address})",
        automatic=lambda address: f"[{address}]({address})",
    )

    def __init__(self) -> None:
        self._tables = 0

    def line(self, line: str, notes: Notes) -> str:
        if "|" in line and is_delimiter(line):  # of what we take for no table, and Feishu might
            line = line.replace("|", "\\|")
        return super().line(line, notes)

    def code(self, opening: Fence, lines: list[str], *, closed: bool) -> list[str]:
        """A fenced block. Feishu shows it as code only where nothing stands before the fence (content page)."""
        run = opening.run
        if run[0] == "~":
            # Only backticks are sure to be known; more of them than any line inside begins with.
            run = "`" * max([3, *(len(found[1]) + 1 for found in map(_BACKTICKS.match, lines) if found)])
        indent = len(opening.indent)
        within = [line[min(indent, len(line) - len(line.lstrip(" \t"))) :] for line in lines] if indent else lines
        info = opening.info.strip().replace("`", "")
        return [f"{run}{info}", *within, *[run] * closed]

    def table(self, rows: Sequence[str], notes: Notes) -> list[str]:
        """As it is, which Feishu shows as a table, as often as it takes one."""
        self._tables += 1
        if self._tables > MAX_TABLES:
            return super().table(rows, notes)
        return [row if number == 1 else self.row(row, notes) for number, row in enumerate(rows)]

    def fold(self, title: str, lines: list[str], *, closed: bool) -> list[str]:
        head = [self.bold(title)] if title else []
        if not any(map(_BACKTICKS.match, lines)):
            lines = [f"> {line}" if line else ">" for line in lines]
        return [*head, *lines, ""]


def render(text: str) -> str:
    """`text` as a card's markdown element takes it."""
    return plain(_Feishu().render(clean(text)))


def measure(text: str) -> int:
    """Bytes of UTF-8 in the card's JSON; past `MAX_LENGTH` in any case where there are too many tables.

    Tables are counted by lines that are complete, so that it never falls as a text grows.
    """
    size = len(text.encode(errors="surrogatepass")) + sum(map(text.count, ('"', "\\", "\n"))) + 4 * text.count("<")
    size += 8 * text.count("__") + len(ZERO_WIDTH.encode()) * text.count("**")
    size += 8 * len(TIMES.findall(text)) if "*" in text else 0
    if "|" in text and len(DELIMITER_ROW.findall(text)) > MAX_TABLES:
        tables = sum(kind == "table" for kind, _, _ in walk(clean(text).split("\n")))
        size += (MAX_LENGTH + 1) * max(0, tables - MAX_TABLES)
    return size


def plain(text: str) -> str:
    """`text` for a message that is no card: there, too, nobody is to be called."""
    return _CALL.sub(f"<{ZERO_WIDTH}", text)


def summary(text: str, length: int = 50) -> str:
    """The first words, for the list of chats."""
    words = " ".join(re.sub(r"[#*_~`>|\[\]\x00-\x08]+", "", text[: length * 4]).split())
    return shorten(words, length)
