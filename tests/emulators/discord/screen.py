"""What Discord's app shows of a message's content: the subset of Markdown it renders, taken away.

Whatever it does not render (tables, LaTeX, images, deep headings) stays in the text as it was written, so that
a test sees what a person would have to look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_FENCE = re.compile(r"```(?:([A-Za-z0-9_+\-.#]+)\n)?\n*([^\n].*?)\n*```", re.DOTALL)
_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINE_MARKS = re.compile(r"^(?:(?:#{1,3}|-#|>>>|>) )+", re.MULTILINE)
_BULLETS = re.compile(r"^([ \t]*)[-*] ", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(<?(https?://[^\s)>]+)>?\)")
_PLAIN_LINK = re.compile(r"<(https?://[^\s>]+)>")
_MENTION = re.compile(r"<@!?(\d+)>")
_EMPHASIS = (
    re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*(?!\*)", re.DOTALL),
    re.compile(r"__(?=\S)(.+?)(?<=\S)__(?!_)", re.DOTALL),
    re.compile(r"~~(?=\S)(.+?)(?<=\S)~~", re.DOTALL),
    re.compile(r"\|\|(?=\S)(.+?)(?<=\S)\|\|", re.DOTALL),
    re.compile(r"(?<![*\\])\*(?=[^\s*])((?:[^*\s\\]|\\.|\s+(?=[^\s*]))+)\*(?!\*)", re.DOTALL),
    re.compile(r"(?<![_\w\\])_(?=[^\s_])(.+?)(?<=[^\s_\\])_(?![_\w])", re.DOTALL),
)
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_URL = re.compile(r"https?://\S+")
_SPAN = "\ue000"
"""Stands for a span of code."""


_SMALL_PRINT = re.compile(r"(?:^-# [^\n]*(?:\n|\Z))+", re.MULTILINE)


@dataclass
class Screen:
    text: str = ""
    aside: str = ""
    """The small print that it begins with."""
    code: list[str] = field(default_factory=list)
    unfurls: bool = False
    """Whether a link in it would grow a preview, unless previews are suppressed."""


def show(content: str, names: Mapping[str, str]) -> Screen:
    """Render `content`; `names` are people's names by id."""
    screen = Screen(unfurls=bool(_URL.search(_PLAIN_LINK.sub("", _CODE.sub("", _FENCE.sub("", content))))))

    def block(found: re.Match[str]) -> str:
        screen.code.append(found[2])
        return found[2]

    small = _SMALL_PRINT.match(content)
    if small is not None:
        lines = small[0].rstrip("\n").split("\n")
        screen.aside = "\n".join(_inline(line.removeprefix("-# "), names) for line in lines)
        content = content[small.end() :]
    screen.text = _apart(_FENCE, content, block, lambda rest: _inline(rest, names)).strip("\n")
    return screen


def _inline(text: str, names: Mapping[str, str]) -> str:
    """A span of code may stand in other marks, and nothing in it is read."""
    spans: list[str] = []

    def hold(found: re.Match[str]) -> str:
        spans.append(found[2])
        return _SPAN

    shown = _prose(_CODE.sub(hold, text), names)
    return re.sub(_SPAN, lambda _: spans.pop(0), shown)


def _prose(text: str, names: Mapping[str, str]) -> str:
    text = _LINE_MARKS.sub("", text)
    text = _BULLETS.sub(r"\1• ", text)
    text = _LINK.sub(r"\1", text)
    text = _PLAIN_LINK.sub(r"\1", text)
    text = _MENTION.sub(lambda found: "@" + names.get(found[1], "unknown-user"), text)
    for mark in _EMPHASIS:
        text = mark.sub(r"\1", text)
    return _ESCAPED.sub(r"\1", text)


def _apart(
    code: re.Pattern[str], text: str, inside: Callable[[re.Match[str]], str], outside: Callable[[str], str]
) -> str:
    """Apply `inside` to what `code` matches and `outside` to everything between."""
    parts, end = [], 0
    for found in code.finditer(text):
        parts += [outside(text[end : found.start()]), inside(found)]
        end = found.end()
    return "".join([*parts, outside(text[end:])])
