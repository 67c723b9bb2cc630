"""A page of the documents as its maintainer sees it: its code apart from its prose, its parts in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCED = re.compile(r"(?ms)^ *```([^\n]*)\n(.*?)^ *```$")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_TARGET = re.compile(r"\]\([^)]*\)|<[^>]*>")
_COMMENT = re.compile(r"(?m)(?:^|[ \t]+)#[ \t].*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    mark: str
    """What follows the fence: the language, and which block of the page it is."""
    text: str

    @property
    def obeyed(self) -> str:
        """What a program takes from it: all but the comments."""
        return _COMMENT.sub("", self.text)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, a paragraph, an item of a list, a row of a table, or a block of code."""

    kind: str
    """With the level of a heading, and the number of cells of a row."""
    code: frozenset[str]
    """What stands in it as code: commands, variables, metrics, names of files."""
    numbers: frozenset[str]
    """Those that its prose has in digits."""


def prose(page: Path) -> str:
    """A page without its code, in which brackets mean something else."""
    return _INLINE.sub("", unfenced(page))


def unfenced(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCED.sub("", page.read_text())


def inline_code(page: Path) -> list[str]:
    """What stands in a page's prose as code."""
    return [" ".join(code.split()) for code in _INLINE.findall(unfenced(page))]


def blocks(page: Path) -> list[Block]:
    return [Block(mark, text) for mark, text in _FENCED.findall(page.read_text())]


def anchors(page: Path) -> list[str]:
    """The names that GitHub gives to a page's headings, in order."""
    headings = re.findall(r"(?m)^#+ +(.*)$", unfenced(page))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def links(page: Path) -> Iterator[str]:
    """Where a page leads within the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target


def parts(page: Path) -> list[Part]:
    """What a page is made of, in order."""
    found: list[Part] = []
    for section in re.split(r"\n{2,}", _FENCED.sub("\n```\n", page.read_text()).strip()):
        lines = section.splitlines()
        starts = sorted({0, *(number for number, line in enumerate(lines) if _begins(line))})
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            text = "\n".join(lines[start:end])
            code = frozenset(" ".join(each.split()) for each in _INLINE.findall(text))
            said = _TARGET.sub("", _INLINE.sub("", text))
            numbers = frozenset(re.findall(r"\d+(?:[.,:]\d+)*", said))
            found.append(Part(_begins(lines[start]) or "paragraph", code, numbers))
    return found


def _begins(line: str) -> str:
    """What begins with this line; nothing where it goes on with what is above it."""
    if line == "```":
        return "code"
    if heading := re.match(r"#+ ", line):
        return f"heading {heading[0].strip()}"
    if re.match(r"(?:[-*]|\d+\.) ", line):
        return "item"
    if line.startswith("|"):
        return f"row of {line.count('|') - 1}"
    return ""
