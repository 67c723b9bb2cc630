"""One message as a box: its text folded, its code and tables set apart, its buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from docs.pictures.content import Block, Code, Line, Prose, Span, Table
from docs.pictures.measure import MONO, columns, folded, folded_code, line_width, width
from docs.pictures.record_chat import Said
from docs.pictures.skins import Skin
from docs.pictures.svg import attributes, element, text

SIZE, LEADING = 14.5, 20.5
CODE_SIZE, CODE_LEADING = 12.0, 17.0
PAD = 11.0
BUTTON, BETWEEN = 32.0, 5.0
MONO_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
FONT = (
    "-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans','Liberation Sans',Arial,"
    "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"
)
_CLASSES = {"bold": "b", "italic": "i", "code": "c", "link": "l"}


@dataclass(frozen=True, slots=True)
class Box:
    drawing: str
    width: float
    height: float


def bubble(said: Said, skin: Skin) -> Box:
    room = skin.widest - 2 * PAD
    parts = [_block(block, room, skin) for block in said.blocks]
    rows = _button_rows(said.buttons, room) if skin.within else said.buttons
    rows = tuple(row for row in rows if row)
    inner = max((part.width for part in parts), default=0.0)
    if rows:
        inner = room if skin.within else max(inner, min(room, _buttons_need(rows)))
    height, drawn = PAD - 2.0, ""
    for part in parts:
        drawn += _moved(part.drawing, PAD, height)
        height += part.height
    outer = inner + 2 * PAD
    if skin.within and rows:
        height += 4.0
        for row in rows:
            drawn += _moved(_small_buttons(row, said.pressed, skin), PAD, height)
            height += BUTTON + BETWEEN
    height += PAD - 2.0
    back = element(
        "rect",
        width=outer,
        height=height,
        rx=skin.radius,
        fill=skin.mine if said.mine else skin.theirs,
        stroke=None if said.mine else skin.edge,
    )
    below = ""
    if rows and not skin.within:
        for row in rows:
            height += BETWEEN
            below += _moved(_wide_buttons(row, outer, said.pressed, skin), 0, height)
            height += BUTTON
    return Box(back + drawn + below, outer, height)


def _block(block: Block, room: float, skin: Skin) -> Box:
    match block:
        case Prose(line):
            lines = list(folded(line, room, SIZE))
            drawn = "".join(_line(each, 0, 15 + LEADING * n) for n, each in enumerate(lines))
            empty = not any(span.text for span in line)
            widest = max(line_width(each, SIZE) for each in lines)
            return Box(drawn, widest, LEADING / 2 if empty else LEADING * len(lines) + 1)
        case Code(source):
            return _code(source, room, skin)
        case Table(rows):
            return _table(rows, room, skin)


def _line(line: Line, x: float, y: float) -> str:
    spans = "".join(_span(span) for span in line)
    return f"<text{attributes(x=x, y=y)}>{spans}</text>" if spans else ""


def _span(span: Span) -> str:
    words = escape(span.text, quote=False)
    return element("tspan", words, class_=_CLASSES[span.style]) if span.style else words


def _code(source: str, room: float, skin: Skin) -> Box:
    lines = list(folded_code(source, int((room - 16) / (CODE_SIZE * MONO))))
    height = CODE_LEADING * len(lines) + 12
    widest = max(columns(line) for line in lines) * CODE_SIZE * MONO + 16
    drawn = element("rect", y=4, width=max(widest, 60), height=height, rx=6, fill=skin.code)
    for number, line in enumerate(lines):
        lead = len(line) - len(line.lstrip())
        words = line.strip()
        if words:
            x = 8 + columns(line[:lead]) * CODE_SIZE * MONO
            length = columns(words) * CODE_SIZE * MONO
            drawn += text(words, x, 22 + CODE_LEADING * number, class_="p", textLength=length)
    return Box(drawn, widest, height + 10)


def _table(rows: Sequence[Sequence[Line]], room: float, skin: Skin) -> Box:
    size = SIZE - 2
    first = max(line_width(row[0], size) for row in rows) + 16
    widths = [first, room - first]
    drawn, y = "", 6.0
    for number, row in enumerate(rows):
        cells = [list(folded(cell, space - 16, size)) for cell, space in zip(row, widths, strict=False)]
        height = max(map(len, cells)) * (LEADING - 2.5) + 9
        if not number:
            drawn += element("rect", y=y, width=room, height=height, fill=skin.code)
        drawn += element("rect", y=y, width=room, height=height, fill="none", stroke=skin.edge)
        x = 0.0
        for lines, space in zip(cells, widths, strict=False):
            for index, line in enumerate(lines):
                spans = "".join(_span(span) for span in line)
                given = attributes(
                    x=x + 8,
                    y=y + 17 + index * (LEADING - 2.5),
                    style=f"font-size:{size}px",
                    class_=None if number else "b",
                )
                drawn += f"<text{given}>{spans}</text>"
            x += space
        y += height
    drawn += element("rect", x=first, y=6, width=1, height=y - 6, fill=skin.edge)
    return Box(drawn, room, y + 4)


def _button_rows(rows: Sequence[Sequence[str]], room: float) -> tuple[tuple[str, ...], ...]:
    """Buttons side by side, as many as there is room for."""
    folded_rows: list[tuple[str, ...]] = []
    row: tuple[str, ...] = ()
    for label in (label for labels in rows for label in labels):
        if row and sum(map(_small, (*row, label))) + 8 * len(row) > room:
            folded_rows.append(row)
            row = ()
        row = (*row, label)
    return (*folded_rows, row)


def _small(label: str) -> float:
    return width(Span(label), SIZE - 1) + 24


def _buttons_need(rows: Sequence[Sequence[str]]) -> float:
    return max(len(row) * (max(width(Span(label), SIZE) for label in row) + 26) for row in rows)


def _small_buttons(row: Sequence[str], pressed: str, skin: Skin) -> str:
    drawn, x = "", 0.0
    for label in row:
        drawn += _button(label, x, _small(label), label == pressed, skin)
        x += _small(label) + 8
    return drawn


def _wide_buttons(row: Sequence[str], outer: float, pressed: str, skin: Skin) -> str:
    each = (outer - BETWEEN * (len(row) - 1)) / len(row)
    return "".join(_button(label, n * (each + BETWEEN), each, label == pressed, skin) for n, label in enumerate(row))


def _button(label: str, x: float, wide: float, pressed: bool, skin: Skin) -> str:
    rect = element(
        "rect",
        x=x,
        width=wide,
        height=BUTTON,
        rx=min(skin.radius, 9),
        fill=skin.pressed if pressed else skin.button,
        stroke=skin.button_edge,
    )
    words = text(
        label,
        x + wide / 2,
        BUTTON / 2 + 5,
        text_anchor="middle",
        style=f"font-size:{SIZE - 1}px;fill:{skin.button_ink}",
    )
    return rect + words


def _moved(drawing: str, x: float, y: float) -> str:
    return element("g", drawing, transform=f"translate({x:g} {y:g})") if drawing else ""
