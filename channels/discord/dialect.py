"""Markdown as models write it, in the dialect that Discord shows: no tables, images, LaTeX or deep headings.

Tables, formulas and a diagram's label may come out longer than they went in. `measure` counts what they may come to,
so whatever it finds short enough to send is; and since it looks only at lines that are complete, it never falls
while a text grows, as the bridge needs it to. Nothing inside code is touched.
"""

from __future__ import annotations

import re

from bridge.blocks import Fence
from channels.kit.inline import TIMES, Style
from channels.kit.markdown import Dialect, Growth
from channels.kit.notes import Notes
from channels.kit.tables import Ruling
from channels.kit.text import clean

_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]+")
_DEEP_HEADING = re.compile(r"((?:> ?)*)#{4,6}[ \t]+(.*?)[ \t]*#*[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_PLUS = re.compile(r"([ \t]*)\+ ")
_REST_OF_MESSAGE = re.compile(r"(?:>>>+)(?= )")


class _Discord(Dialect):
    style = Style(
        tags={"b": ("**", "**"), "i": ("*", "*"), "u": ("__", "__"), "s": ("~~", "~~")},
        underscores=True,
        decodes=True,
        nests_pictures=False,
        picture=lambda words, address: f"[{words}]({address})" if words else address,
    )
    ruling = Ruling(" │ ", "─┼─", "─")

    def line(self, line: str, notes: Notes) -> str:
        mark = line.lstrip()[:1]
        if mark and mark in "#>-*_+0123456789":
            if heading := _DEEP_HEADING.fullmatch(line):
                words = heading[2].replace("**", "").strip()
                return heading[1] + (f"**{super().line(words, notes)}**" if words else "")
            if _RULE.fullmatch(line):
                return "─" * len(line.strip())
            line = _REST_OF_MESSAGE.sub(">", line, count=1) if line.startswith(">>>") else line
            line = _PLUS.sub(r"\1- ", line, count=1) if mark == "+" and _PLUS.match(line) else line
        return super().line(line, notes)

    def code(self, opening: Fence, lines: list[str], *, closed: bool) -> list[str]:
        """Code between fences of three backticks, the only ones that Discord knows."""
        language = _LANGUAGE.match(opening.info.strip())
        within = [line.replace("```", "ˋˋˋ") for line in lines]  # would end the block, wherever they stand in a line
        last = [f"{opening.indent}```"] if closed else []
        return [f"{opening.indent}```{language[0] if language else ''}", *within, *last]

    def fold(self, title: str, lines: list[str], *, closed: bool) -> list[str]:
        """A spoiler under the title, once all of it is there and unless something in it would end it early."""
        head = [self.bold(title)] if title else []
        body = "\n".join(lines).strip()
        return [*head, f"||{body}||"] if closed and head and body and "||" not in body else [*head, *lines]


_DIALECT = _Discord()


def convert(text: str) -> str:
    """`text` as Discord is to be sent it."""
    return _DIALECT.render(clean(text))


def measure(text: str) -> int:
    """At least as many characters as `convert(text)` has; it never falls when `text` grows."""
    length = _size(text)
    if any(mark in text for mark in ("|", "$$", "\\[", "```", "~~~", ">")):
        length += _GROWTH.surplus(clean(text).split("\n"))
    return length


def _size(text: str) -> int:
    """Names with underscores are escaped, and stars between numbers."""
    return len(text) + 2 * text.count("__") + (2 * len(TIMES.findall(text)) if "*" in text else 0)


_GROWTH = Growth(fenced=len("```\n") + len("```\n"), label=len("-# \n"), size=_size, quoted=len("> "))
