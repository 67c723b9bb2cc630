"""Markdown to rows of text and SGR codes, by rich, with our own idea of what reads well in a chat.

Code stands at the left edge between two thin rules, so that it can be copied; a line break that the model wrote
stays one; addresses are written out; Chinese wraps between characters. No character of the text is dropped.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from typing import ClassVar

from markdown_it.token import Token
from rich import box
from rich.cells import cell_len
from rich.console import COLOR_SYSTEMS, Console, ConsoleOptions, RenderableType, RenderResult
from rich.containers import Renderables
from rich.markdown import (
    BlockQuote,
    CodeBlock,
    Heading,
    HorizontalRule,
    ListElement,
    ListItem,
    Markdown,
    MarkdownContext,
    MarkdownElement,
    Paragraph,
    TableElement,
)
from rich.rule import Rule
from rich.segment import Segment
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from channels.console.blocks import Code
from channels.console.tokens import chat_tokens
from channels.console.wrapping import fold, wrap
from channels.kit.notes import Notes

# Colours of the terminal's own palette, legible on dark and on light.
_THEME = Theme(
    {
        "markdown.h1": "bold underline",
        "markdown.h2": "bold",
        "markdown.h3": "bold",
        "markdown.h4": "bold",
        "markdown.h5": "bold",
        "markdown.h6": "bold",
        "markdown.code": "cyan",
        "markdown.item.bullet": "cyan",
        "markdown.item.number": "cyan",
        "markdown.block_quote": "italic",
        "markdown.anchor": "underline",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
        "fence": "dim",
        "aside": "dim",
    }
)
_NARROWEST_COLUMN = 6


class Typesetter:
    """Renders for one terminal. Each row returned ends with all attributes off."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        plain = bool(environment.get("NO_COLOR"))
        self._console = Console(
            file=io.StringIO(),
            force_terminal=True,
            color_system=None if plain else "auto",
            legacy_windows=False,
            theme=_THEME,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._colors = COLOR_SYSTEMS[name] if (name := self._console.color_system) else None
        _, _, background = environment.get("COLORFGBG", "").rpartition(";")
        self._palette = "ansi_light" if background in {"7", "15"} else "ansi_dark"

    def markdown(self, source: str, width: int, notes: Notes) -> list[str]:
        """The rows of any block but a fence at the top level, without empty ones around it.

        `notes` are the footnotes of the whole text.
        """
        rows = self._rows(_ChatMarkdown(source, notes, code_theme=self._palette), width)
        full = [index for index, row in enumerate(rows) if row]
        return rows[full[0] : full[-1] + 1] if full else []

    def upper_rule(self, width: int, info: str) -> list[str]:
        """The thin line above code, in which its language stands."""
        return [row for part in _upper_rule(info, width) for row in self._rows(part, width)]

    def lower_rule(self, width: int) -> str:
        """The thin line below code."""
        return self._rows(_rule(), width)[0]

    def code(self, code: Code) -> list[Text]:
        """One text for each line of `code`, highlighted and not yet folded."""
        return _highlighted("\n".join(code.lines), code.info, self._palette)

    def folded(self, line: Text, width: int) -> list[str]:
        return [self.whole(part) for part in fold(line, width)]

    def whole(self, line: Text) -> str:
        """A line as it is, for the terminal to wrap: so it is one line again when it is copied."""
        return self._row(list(line.render(self._console)))

    def aside(self, text: str) -> str:
        """A short line that is not part of what anybody said."""
        return self.whole(Text(text, style="aside", end=""))

    def _rows(self, renderable: RenderableType, width: int) -> list[str]:
        options = self._console.options.update(width=width, height=None)
        return [self._row(line) for line in self._console.render_lines(renderable, options, pad=False)]

    def _row(self, line: list[Segment]) -> str:
        """Without the spaces that rich pads with: they would be copied along."""
        while line and not line[-1].text.strip(" "):
            line = line[:-1]
        segments = [*line[:-1], Segment(line[-1].text.rstrip(" "), line[-1].style)] if line else []
        return "".join(
            segment.style.render(segment.text, color_system=self._colors) if segment.style else segment.text
            for segment in segments
        )


def _rule(title: str = "") -> Rule:
    return Rule(Text(title, style="fence"), characters="─", style="fence", align="left")


def _upper_rule(info: str, width: int) -> Iterator[Text | Rule]:
    if cell_len(info) + 4 > width:  # a rule would cut it short
        yield from wrap(Text(info, style="fence"), width)
        info = ""
    yield _rule(info)


def _highlighted(code: str, info: str, palette: str) -> list[Text]:
    code = code.expandtabs(4)
    plain = [Text(line, end="") for line in code.split("\n")]
    if not info:
        return plain
    lines = Syntax(code, info.split()[0], theme=palette, background_color="default").highlight(code)
    coloured = list(lines.split("\n", allow_blank=True))[: len(plain)]
    for line in coloured:
        line.end = ""
    # A lexer may take liberties with what it reads; then colours matter less than the code.
    return coloured if [line.plain for line in coloured] == [line.plain for line in plain] else plain


class _Paragraph(Paragraph):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from wrap(self.text, options.max_width)


class _Heading(Heading):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from wrap(self.text, options.max_width)


class _CodeBlock(CodeBlock):
    """A code block inside a list or a quotation, or an indented one."""

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> _CodeBlock:
        return cls(token.info.strip(), markdown.code_theme)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code, info = self.text.plain.removesuffix("\n"), self.lexer_name
        yield from _upper_rule(info, options.max_width)
        for line in _highlighted(code, info, self.theme):
            for part in fold(line, options.max_width):
                part.end = "\n"
                yield part
        yield _rule()


class _Rule(HorizontalRule):
    new_line = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _rule()


class _List(ListElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.list_type == "bullet_list_open":
            yield from super().__rich_console__(console, options)
            return
        first = self.list_start or 0
        for number, item in enumerate(self.items, first):
            yield from item.render_number(console, options, number, first + len(self.items) - 1)


class _ListItem(ListItem):
    _last: MarkdownElement | None = None

    def on_child_close(self, context: MarkdownContext, child: MarkdownElement) -> bool:
        _keep_apart(self.elements, self._last, child)
        self._last = child
        return super().on_child_close(context, child)


class _BlockQuote(BlockQuote):
    _last: MarkdownElement | None = None

    def on_child_close(self, context: MarkdownContext, child: MarkdownElement) -> bool:
        _keep_apart(self.elements, self._last, child)
        self._last = child
        return super().on_child_close(context, child)


def _keep_apart(elements: Renderables, last: MarkdownElement | None, child: MarkdownElement) -> None:
    """An empty row before a further paragraph of one item, or of one quotation."""
    if last is not None and isinstance(child, Paragraph):
        elements.append(Text())


class _Table(TableElement):
    """With lines between the rows once a cell needs more than one; as a list where columns would be too narrow."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        heads = [cell.content for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        if len(heads) * (_NARROWEST_COLUMN + 3) + 1 > options.max_width:
            yield from self._stacked(heads, rows, options.max_width)
            return
        widths = [max(cell_len(row[column].plain) for row in [heads, *rows]) for column in range(len(heads))]
        crowded = sum(widths) + 3 * len(widths) + 1 > options.max_width
        table = Table(box=box.ROUNDED, border_style="markdown.table.border", show_lines=crowded)
        for head in heads:
            head.stylize("markdown.table.header")
            table.add_column(head, overflow="fold", justify=head.justify or "default")
        for row in rows:
            table.add_row(*row)
        yield table

    @staticmethod
    def _stacked(heads: list[Text], rows: list[list[Text]], width: int) -> RenderResult:
        for number, row in enumerate(rows or [[Text()] * len(heads)]):
            if number:
                yield Text()
            for head, cell in zip(heads, row, strict=True):
                yield from wrap(Text.assemble((head.plain, "bold"), ": ", cell), width)


class _ChatMarkdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "paragraph_open": _Paragraph,
        "heading_open": _Heading,
        "fence": _CodeBlock,
        "code_block": _CodeBlock,
        "hr": _Rule,
        "bullet_list_open": _List,
        "ordered_list_open": _List,
        "list_item_open": _ListItem,
        "blockquote_open": _BlockQuote,
        "table_open": _Table,
    }
    inlines = Markdown.inlines | {"anchor"}

    def __init__(self, source: str, notes: Notes, *, code_theme: str) -> None:
        super().__init__("", code_theme=code_theme, hyperlinks=False)
        self.parsed = chat_tokens(source, notes)
