"""What a `Body` is sent as: content in Discord's Markdown, buttons as components, files as uploads.

The aside stands above the text in small lines (``-# ``). Discord's only way to fold is a spoiler, which blackens the
text and takes as much of a phone's screen; it also ends at any ``||`` within it. A small line holds its own markup,
so half-written bold or code in the aside never reaches the text.
"""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator, Sequence

import discord

from bridge.errors import TooLong
from bridge.types import Body, BodyFile, Button
from channels.discord import dialect

MAX_CONTENT = 2000
"""Code points, as Discord's staff say (discord-api-docs #1315)."""
MAX_FILES = 10
"""Attachments of one message."""
MAX_FILE_BYTES = 20 * 1024 * 1024
"""The default for each file since September 2026 (https://docs.discord.com/developers/reference#uploading-files,
discord-api-docs #8578; it was 10 MiB before). Boosted servers take more."""
MAX_FILES_BYTES = 25 * 1024 * 1024 - 16 * 1024
"""For all files of a message together. A request may have 25 MiB
(https://docs.discord.com/developers/resources/message#create-message), which counts all of it (discord-api-docs #415):
up to 16 KiB are content, ten descriptions and what stands around them."""
MAX_DESCRIPTION = 1024
"""Characters of a file's alternative text (https://docs.discord.com/developers/resources/message#attachment-object)."""
MAX_BUTTONS = 25
"""Five rows of five."""
MAX_LABEL = 80
MAX_COMMAND_BYTES = 100 - len("24:")
"""A custom_id has up to 100 characters; the place of the button among the others comes first."""
SHORT_LABEL = 12
"""Labels of up to this many characters share a row of five."""
BLANK = "\u200b"
"""What a message without words is sent as; Discord takes no empty one."""
MIN_ASIDE = 20
"""Where fewer characters than this are left beside the text, the aside is not shown."""
_SMALL = "-# "
_EMPTY_END = re.compile(r"\n-?#?\Z")
"""A last line that was cut within its mark."""
_MAX_CONVERTED = 2 * MAX_CONTENT
"""Characters of an aside that are looked at: it may be long, and is converted at each edit."""
_MARKS = re.compile(r"^(?:(?:#{1,3}|-#|>) )+|^\s*[-*] ")


def content_of(body: Body) -> str:
    """The text as it is sent, under as much of the aside as fits. Raises TooLong where Discord would refuse it."""
    text = dialect.convert(body.text)
    if len(text) > MAX_CONTENT:
        raise TooLong(f"{len(text)} characters")
    if not text.strip():
        text = ""
    aside = _small_lines(body.aside, MAX_CONTENT - len(text) - (1 if text else 0))
    content = "\n".join(filter(None, (aside, text)))
    return content or ("" if body.files else BLANK)


def _small_lines(aside: str, room: int) -> str:
    """`aside` in lines of small print; what does not fit into `room` characters gives way to an ellipsis."""
    if room < MIN_ASIDE or not aside.strip():
        return ""
    small = "\n".join(_SMALL + line for line in _plain_lines(dialect.convert(aside[:_MAX_CONVERTED])))
    if len(small) <= room and len(aside) <= _MAX_CONVERTED:
        return small
    return _EMPTY_END.sub("", small[: room - 1].rstrip()) + "…"


def _plain_lines(converted: str) -> Iterator[str]:
    """The lines that hold something, without what marks a block: small print has no blocks within it."""
    fenced = False
    for line in converted.split("\n"):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced:
            plain = line.rstrip().replace("`", "ˋ")
            yield from (f"`{plain}`",) if plain else ()
        else:
            plain = _MARKS.sub(lambda found: "• " if found[0].strip() in ("-", "*") else "", line).strip()
            yield from (plain,) if plain else ()


def button_view(buttons: Sequence[Button]) -> discord.ui.View | None:
    """Buttons that carry their command themselves, so that pressing one works after any restart."""
    if not buttons:
        return None
    buttons = buttons[:MAX_BUTTONS]
    per_row = 5 if all(len(button.label) <= SHORT_LABEL for button in buttons) else -(-len(buttons) // 5)
    view = discord.ui.View(timeout=None)
    for number, button in enumerate(buttons):
        label = button.label.strip()[:MAX_LABEL] or button.command[:MAX_LABEL]
        view.add_item(discord.ui.Button(label=label, custom_id=f"{number}:{button.command}", row=number // per_row))
    view.stop()  # a finished view is sent all the same, and not kept in memory to wait for presses
    return view


def check_size(files: Sequence[BodyFile]) -> int:
    """The bytes of all files together. Raises TooLong where Discord would not take them in one message."""
    total = sum(len(file.content) for file in files)
    if total > MAX_FILES_BYTES:
        raise TooLong(f"{len(files)} files of {total} bytes together")
    return total


def uploads(files: Sequence[BodyFile]) -> list[discord.File]:
    """The files as discord.py sends them; each may be sent once."""
    return [
        discord.File(
            io.BytesIO(file.content),
            filename=_upload_name(file),
            spoiler=False,
            description=file.alt[:MAX_DESCRIPTION] or None,
        )
        for file in files
    ]


def _upload_name(file: BodyFile) -> str:
    """A name whose ending tells what it is: Discord goes by it, and shows no picture where it is missing."""
    known, _ = mimetypes.guess_type(file.name)
    return file.name if known else (file.name or file.kind) + (mimetypes.guess_extension(file.mime) or "")
