"""Pictures in the terminal itself, where it shows some: by kitty's protocol, or by iTerm2's.

A terminal that might is asked, and only one that says yes is sent a picture; any other might show it as a thousand
letters. kitty, Ghostty, Konsole and WezTerm answer to https://sw.kovidgoyal.net/kitty/graphics-protocol/, iTerm2 and
WezTerm to https://iterm2.com/documentation-images.html.
"""

from __future__ import annotations

import os
import re
import select
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

from prompt_toolkit.output import Output

Protocol = Literal["kitty", "iterm2"]

ANSWER_SECONDS = 2.0
"""A terminal answers at once, through SSH within a round trip."""
MAX_PICTURE_BYTES = 8_000_000
MAX_EDGE = 10_000
"""Pixels, of either side: a PNG that claims more is not handed to the terminal."""
MAX_COLUMNS = 60
PIXELS_PER_CELL = 10
"""About, across; a cell is twice as high as wide."""
_QUESTIONS = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[>0q\x1b[c"
"""Does it know kitty's protocol; what is it called; and, so that we know when to stop, one that each answers."""
_ANSWERS = re.compile(r"\x1b_G[^\x1b]*\x1b\\|\x1bP>\|([^\x1b]*)\x1b\\|\x1b\[\?[\d;]*c")
_LAST_ANSWER = re.compile(r"\x1b\[\?[\d;]*c")
_CHUNK = 4096
"""Characters of Base64 in one escape code of kitty's."""
_PNG = b"\x89PNG\r\n\x1a\n"


def may_show(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is of a kind that might, so that it is worth asking. A multiplexer passes nothing on."""
    term = environment.get("TERM", "")
    if term.startswith(("screen", "tmux")) or "TMUX" in environment or "STY" in environment:
        return False
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL") or ""
    return (
        "kitty" in term
        or "ghostty" in term
        or program in ("iTerm.app", "iTerm2", "WezTerm", "ghostty")
        or "KONSOLE_VERSION" in environment
    )


def ask(descriptor: int, output: Output) -> tuple[Protocol | None, str]:
    """Ask the terminal, which is in raw mode; return what it knows, and what the person typed meanwhile."""
    output.write_raw(_QUESTIONS)
    output.flush()
    came = b""
    end = time.monotonic() + ANSWER_SECONDS
    while not _LAST_ANSWER.search(came.decode(errors="replace")):
        left = end - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        came += piece
    text = came.decode(errors="replace")
    names = [found[1] for found in _ANSWERS.finditer(text) if found[1]]
    known: Protocol | None = None
    if "\x1b_Gi=31;OK" in text:
        known = "kitty"
    elif any(name.startswith(("iTerm2", "WezTerm")) for name in names):
        known = "iterm2"
    return known, _ANSWERS.sub("", text)


def drawn(protocol: Protocol, content: bytes, width: int) -> str:
    """Return what shows a picture at the cursor, at most `width` cells wide; empty where it cannot be shown."""
    size = _png_size(content)
    if len(content) > MAX_PICTURE_BYTES or (size is not None and max(size) > MAX_EDGE):
        return ""
    columns = min(width, MAX_COLUMNS)
    if size is not None:
        columns = max(1, min(columns, -(-size[0] // PIXELS_PER_CELL)))
    data = b64encode(content).decode()
    if protocol == "iterm2":
        return f"\x1b]1337;File=inline=1;size={len(content)};width={columns};preserveAspectRatio=1:{data}\x07"
    if size is None:
        return ""  # kitty takes no other format
    rows = max(1, round(columns * size[1] / size[0] / 2))
    chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    first = f"a=T,f=100,q=2,c={columns},r={rows},"  # q=2: no answer, which would be taken for typed
    return "".join(
        f"\x1b_G{first if not number else ''}m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG claims; None of what is none."""
    if not content.startswith(_PNG) or len(content) < 24:
        return None
    width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
    return (width, height) if width and height else None
