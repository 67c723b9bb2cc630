"""Draw a terminal's shots: text as text, on a grid that holds whatever font the reader has.

Lines and corners are drawn, not written: in most fonts they would not meet from row to row.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from docs.pictures.record_terminal import COLUMNS, ROWS, Row, Run, Shot
from docs.pictures.svg import Frame, Shelf, attributes, document, element, number, strip

CELL, LINE = 8.4, 18.0
SIZE = 14
BASE = 13.2
"""From the top of a row to where its letters stand."""
MARGIN, TITLE = 16.0, 34.0

FOREGROUND, BACKGROUND, FRAME = "#d8dee4", "#14181f", "#2b323c"
PALETTE = {
    "black": "#3b434e",
    "red": "#ff7b72",
    "green": "#7ee787",
    "brown": "#e3b341",
    "blue": "#79b8ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "white": "#d8dee4",
    "brightblack": "#7d8793",
    "brightred": "#ffa198",
    "brightgreen": "#a5f0ad",
    "brightbrown": "#f2cc60",
    "brightblue": "#a5d0ff",
    "brightmagenta": "#e2c5ff",
    "brightcyan": "#8be9f0",
    "brightwhite": "#ffffff",
    "foreground": FOREGROUND,
    "background": BACKGROUND,
}
STYLE = f"""\
text{{font:{SIZE}px ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",\
"Noto Sans Mono CJK SC","Sarasa Mono SC","PingFang SC","Microsoft YaHei",monospace;fill:{FOREGROUND};white-space:pre}}
.w{{font-size:15px}}.b{{font-weight:700}}.i{{font-style:italic}}.u{{text-decoration:underline}}.s{{text-decoration:line-through}}
.line{{fill:none;stroke-width:1.1}}"""

_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_ARMS = {
    "─": _LEFT | _RIGHT,
    "━": _LEFT | _RIGHT,
    "│": _UP | _DOWN,
    "├": _UP | _DOWN | _RIGHT,
    "┤": _UP | _DOWN | _LEFT,
    "┬": _LEFT | _RIGHT | _DOWN,
    "┴": _LEFT | _RIGHT | _UP,
    "┼": _LEFT | _RIGHT | _UP | _DOWN,
    "╭": _RIGHT | _DOWN,
    "╮": _LEFT | _DOWN,
    "╰": _RIGHT | _UP,
    "╯": _LEFT | _UP,
    "┌": _RIGHT | _DOWN,
    "┐": _LEFT | _DOWN,
    "└": _RIGHT | _UP,
    "┘": _LEFT | _UP,
}


def draw(shots: Sequence[Shot], *, title: str, still: int = -1) -> str:
    """The film of these shots; `still` is the one to rest at."""
    shelf = Shelf()
    width, height = COLUMNS * CELL, ROWS * LINE
    frames = [Frame(_screen(shot, shelf), shot.seconds) for shot in shots]
    outer_width, outer_height = width + 2 * MARGIN, TITLE + height + MARGIN
    window = element("rect", width=outer_width, height=outer_height, rx=10, fill=BACKGROUND)
    edge = element(
        "rect", x=0.5, y=0.5, width=outer_width - 1, height=outer_height - 1, rx=9.5, fill="none", stroke=FRAME
    )
    dots = "".join(element("circle", cx=20 + 18 * n, cy=18, r=5.5, fill=FRAME) for n in range(3))
    film = strip(frames, width=width, height=height, still=still % len(frames), x=MARGIN, y=TITLE)
    return document(
        window + edge + dots + film, width=outer_width, height=outer_height, title=title, style=STYLE, shelf=shelf
    )


def _screen(shot: Shot, shelf: Shelf) -> str:
    drawn = [shelf.use(_row(row), y=y * LINE) for y, row in enumerate(shot.rows)]
    if shot.cursor is not None:
        x, y = shot.cursor
        cursor = element("rect", width=CELL, height=LINE - 2, y=1, fill=FOREGROUND, opacity=0.75)
        drawn.append(shelf.use(cursor, x=x * CELL, y=y * LINE))
    return "".join(drawn)


def _row(row: Row) -> str:
    return "".join(_background(run) for run in row) + "".join(_run(run) for run in row)


def _background(run: Run) -> str:
    if run.look.background == "default":
        return ""
    fill = _colour(run.look.background)
    return element("rect", x=run.x * CELL, width=run.cells * CELL, height=LINE, fill=fill)


def _run(run: Run) -> str:
    if all(letter in _ARMS or letter == " " for letter in run.text):
        return _lines(run)
    words = run.text.rstrip()
    lead = len(words) - len(words.lstrip())  # spaces are narrow
    cells = run.cells - (len(run.text) - len(words)) - lead
    words = words.lstrip()
    if not words:
        return ""
    fill = None if run.look.colour == "default" else _colour(run.look.colour)
    given = attributes(
        x=(run.x + lead) * CELL,
        y=BASE,
        textLength=cells * CELL if cells > 1 else None,
        fill=None,
        class_=_classes(run).strip() or None,
        style=f"fill:{fill}" if fill else None,
    )
    return f"<text{given}>{escape(words, quote=False)}</text>"


def _classes(run: Run) -> str:
    look = run.look
    wide = " w" * (run.cells == 2 * len(run.text))  # two narrow cells leave a wide letter room to grow
    return wide + " b" * look.bold + " i" * look.italic + " u" * look.underlined + " s" * look.struck


def _colour(name: str) -> str:
    return PALETTE.get(name, f"#{name}")


def _lines(run: Run) -> str:
    path = ""
    for index, letter in enumerate(run.text):
        if arms := _ARMS.get(letter):
            path += _arms(arms, (run.x + index) * CELL)
    colour = FOREGROUND if run.look.colour == "default" else _colour(run.look.colour)
    return element("path", d=path, class_="line", stroke=colour) if path else ""


def _arms(arms: int, x: float) -> str:
    middle, half = number(x + CELL / 2), LINE / 2
    path = ""
    if arms & _LEFT or arms & _RIGHT:
        start = x if arms & _LEFT else x + CELL / 2
        end = x + CELL if arms & _RIGHT else x + CELL / 2
        path += f"M{number(start)} {number(half)}H{number(end)}"
    if arms & _UP or arms & _DOWN:
        top = 0 if arms & _UP else half
        path += f"M{middle} {number(top)}V{number(LINE if arms & _DOWN else half)}"
    return path
