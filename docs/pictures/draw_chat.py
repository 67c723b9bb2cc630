"""Draw a chat's moments on a phone: the newest message at the bottom, older ones leaving at the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from docs.pictures.bubble import FONT, MONO_FONT, SIZE, bubble
from docs.pictures.record_chat import Moment, Said
from docs.pictures.skins import Skin
from docs.pictures.svg import Frame, Shelf, document, element, strip, text

WIDTH, HEIGHT = 400.0, 700.0
BEZEL, CORNER = 8.0, 34.0
HEADER, INPUT = 58.0, 54.0
GAP = 9.0
FACE = 38.0
"""A picture beside a message, and what is left free around it."""
NAME = "Cherry"


@dataclass(frozen=True, slots=True)
class AppWords:
    """What the app itself says."""

    bot: str
    """Under a bot's name."""
    typing: str
    """In its place, while the bot types."""
    hint: str
    """Where one types, as long as nothing is typed."""


def draw(moments: Sequence[Moment], skin: Skin, words: AppWords, *, title: str, still: int) -> str:
    """The film of these moments; `still` is the one to rest at."""
    shelf = Shelf()
    width, height = WIDTH - 2 * BEZEL, HEIGHT - 2 * BEZEL
    frames = [
        Frame(
            _messages(moment.messages, skin, shelf, width, height)
            + shelf.use(_header(skin, width, words, moment.typing))
            + shelf.use(_input(skin, width, moment.draft, words.hint), y=height - INPUT),
            moment.seconds,
        )
        for moment in moments
    ]
    style = (
        f"text{{font:{SIZE}px {FONT};fill:{skin.ink};white-space:pre}}"
        f".b{{font-weight:600}}.i{{font-style:italic}}.l{{fill:{skin.accent}}}"
        f".c{{font-family:{MONO_FONT};font-size:.93em;fill:{skin.code_ink}}}.p{{font-family:{MONO_FONT};font-size:12px}}"
    )
    case = element("rect", width=WIDTH, height=HEIGHT, rx=CORNER, fill="#1c2128")
    screen = element("rect", x=BEZEL, y=BEZEL, width=width, height=height, rx=CORNER - BEZEL, fill="#fff")
    window = element("clipPath", screen, id="screen")
    film = strip(frames, width=width, height=height, still=still % len(frames), x=BEZEL, y=BEZEL)
    body = case + window + element("g", film, clip_path="url(#screen)")
    return document(body, width=WIDTH, height=HEIGHT, title=title, style=style, shelf=shelf)


def _messages(messages: Sequence[Said], skin: Skin, shelf: Shelf, width: float, height: float) -> str:
    drawn = [element("rect", width=width, height=height, fill=skin.wall)]
    bottom = height - INPUT - GAP
    boxes = [bubble(said, skin) for said in messages]
    if (needed := sum(box.height + GAP for box in boxes) + GAP) < height - INPUT - HEADER:
        bottom = HEADER + needed - GAP  # a chat begins at the top
    for said, box in zip(reversed(messages), reversed(boxes), strict=True):
        top = bottom - box.height
        if bottom < HEADER:
            break
        side = FACE if skin.pictures else 0.0
        x = width - 12 - side - box.width if said.mine else 12 + side
        drawn.append(shelf.use(box.drawing, x=x, y=top))
        if skin.pictures:
            drawn.append(shelf.use(_face(said.mine, skin), x=width - 42 if said.mine else 12, y=top))
        bottom = top - GAP
    return "".join(drawn)


def _face(mine: bool, skin: Skin) -> str:
    fill, letter = ("#a7b3c4", "M") if mine else (skin.accent, NAME[0])
    face = element("circle", cx=15, cy=15, r=15, fill=fill)
    return face + text(letter, 15, 20, text_anchor="middle", style="fill:#fff;font-weight:600")


def _header(skin: Skin, width: float, words: AppWords, typing: bool) -> str:
    under = (
        text(words.typing, 72, 45, style=f"font-size:12.5px;fill:{skin.accent}")
        if typing
        else text(words.bot, 72, 45, style=f"font-size:12.5px;fill:{skin.pale}")
    )
    arrow = element("path", d="M25 20l-9 9 9 9", fill="none", stroke=skin.accent, stroke_width=2.2)
    face = element("circle", cx=49, cy=29, r=16, fill=skin.accent)
    letter = text(NAME[0], 49, 34.5, text_anchor="middle", style="fill:#fff;font-weight:600")
    edge = element("rect", y=HEADER - 1, width=width, height=1, fill="#000", opacity=0.08)
    name = text(NAME, 72, 27, class_="b")
    return element("rect", width=width, height=HEADER, fill=skin.bar) + edge + arrow + face + letter + name + under


def _input(skin: Skin, width: float, draft: str, hint: str) -> str:
    edge = element("rect", width=width, height=1, fill="#000", opacity=0.08)
    field = element("rect", x=14, y=9, width=width - 70, height=35, rx=17.5, fill="#000", opacity=0.05)
    words = draft or hint
    colour = skin.ink if draft else skin.pale
    button = element("circle", cx=width - 31, cy=26.5, r=16, fill=skin.accent, opacity=None if draft else 0.35)
    arrow = element("path", d=f"M{width - 31:g} 34v-14m-6 6l6-6 6 6", fill="none", stroke="#fff", stroke_width=2)
    bar = element("rect", width=width, height=INPUT, fill=skin.bar)
    return bar + edge + field + f'<text x="30" y="31.5" style="fill:{colour}">{escape(words)}</text>' + button + arrow
