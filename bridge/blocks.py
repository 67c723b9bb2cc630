"""Where the blocks of a Markdown text begin and end: code, tables, formulas, quotations, folded details, footnotes.

Part of what channels may import. The reply engine asks it where a text may be cut, the channels ask it what to do
with each block, so both mean the same by a fence. It is made for texts that still grow: code and details that lack
their end reach to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

LONGEST_FENCE = 7
LONGEST_INDENT = 12
"""A longer or deeper run of backticks is taken for text: the room to close a fence must be known beforehand."""
LONGEST_FORMULA = 40
"""Lines; what opens a formula and is not closed within these was something else."""
MATHS_ENDS = {"$$": "$$", "\\[": "\\]"}
_ENVIRONMENT = re.compile(
    r"\\begin\{((?:equation|align|aligned|gather|gathered|multline|split|cases|eqnarray|[pbvBV]?matrix)\*?)\}"
)
"""Of LaTeX, what models write without marks around it."""

_FENCE = re.compile(
    rf"(?P<indent>[ \t]{{0,{LONGEST_INDENT}}})"
    rf"(?P<run>`{{3,{LONGEST_FENCE}}}(?=[^`]*$)|~{{3,{LONGEST_FENCE}}}(?!~))(?P<info>.*)"
)
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
CELL_ENDS = re.compile(r"(?<!\\)\|")
_DETAILS = re.compile(r"<(/?)details(?:\s[^<>]*)?>", re.IGNORECASE)
_NOTE = re.compile(r"\[\^[^\]\s]+\]:")
_DATA_URL = re.compile(
    r"((?<=\]\()<?data:[^\s,()<>]{0,200};base64,"
    r"|(?<=src=[\"'])data:[^\s,()<>\"']{0,200};base64,"
    r"|;base64,[A-Za-z0-9+/=%_-]{100})[A-Za-z0-9+/=%_-]+"
)
"""Of a picture or a link nothing but its kind is kept; elsewhere, in code too, what is short may be an example."""

Kind = Literal["prose", "code", "table", "maths", "quote", "details", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """The lines from `start` up to, not including, `end`."""

    kind: Kind
    start: int
    end: int
    closed: bool = True
    """Whether code or details have come to their end."""


class Fence(NamedTuple):
    """A line that opens or closes a block of code."""

    indent: str
    run: str
    info: str


def fence(line: str) -> Fence | None:
    """The fence that `line` is, if it is one."""
    if "```" not in line and "~~~" not in line:
        return None
    found = _FENCE.fullmatch(line)
    return Fence(found["indent"], found["run"], found["info"]) if found else None


def closes(line: str, run: str) -> bool:
    """Whether `line` closes the code that a fence of the marks `run` has opened."""
    found = fence(line)
    return found is not None and found.run.startswith(run) and not found.info.strip()


def cells(row: str) -> list[str]:
    """The cells of a table's row, without the spaces around them."""
    row = row.strip().removeprefix("|")
    parts = CELL_ENDS.split(row) if "\\" in row else row.split("|")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [part.strip() for part in parts]


def begins_table(header: str, delimiter: str) -> bool:
    """Whether two lines, both complete, are the head of a table."""
    return "|" in header and is_delimiter(delimiter) and len(cells(header)) == len(cells(delimiter))


def is_delimiter(line: str) -> bool:
    """Whether `line` looks like the row between a table's head and its body."""
    return "|" in line and _DELIMITER.fullmatch(line) is not None


def continues_table(line: str) -> bool:
    """Whether `line` is one more row of the table above it."""
    return "|" in line and fence(line) is None


def opens_maths(line: str) -> str:
    """The mark that ends the formula which begins on `line` and does not end there; empty where none does."""
    line = line.strip()
    end = maths_end(line)
    return end if end and line.find(end, 2) == -1 else ""


def maths_end(line: str) -> str:
    """The mark that ends the formula which `line`, without spaces around it, begins; empty where it begins none."""
    if line.startswith("\\b") and (found := _ENVIRONMENT.match(line)):
        return f"\\end{{{found[1]}}}"
    return MATHS_ENDS.get(line[:2], "")


def maths_start(end: str) -> str:
    """What begins a formula that the mark `end` ends."""
    return {"$$": "$$", "\\]": "\\["}.get(end) or end.replace("\\end", "\\begin")


def closes_maths(line: str, end: str) -> bool:
    """Whether a formula that the mark `end` ends is over with `line`."""
    return line.rstrip().endswith(end)


def breaks_maths(line: str) -> bool:
    """Whether `line` shows that what looked like the beginning of a formula was none."""
    start = line.lstrip()
    return not start or start[0] == ">" or is_delimiter(line) or fence(line) is not None


def scan(lines: Sequence[str]) -> Iterator[Block]:
    """The blocks of a text, in order and without gaps. What is inside quotations and details is for another scan."""
    begin = at = 0
    while at < len(lines):
        line = lines[at]
        first = line[:1]
        find = _FINDERS.get(line.lstrip(" \t")[:1] if first in (" ", "\t") else first)
        block = find(lines, at) if find else None
        if block is None and "|" in line:
            block = _table(lines, at)
        if block is None:
            at += 1
            continue
        if begin < at:
            yield Block("prose", begin, at)
        yield block
        begin = at = block.end
    if begin < at:
        yield Block("prose", begin, at)


def without_picture_data(text: str) -> str:
    """`text` without the base64 of pictures and links that carry their data with them, and of other long data.

    The start of a growing text stays the start of what this returns.
    """
    return _DATA_URL.sub(r"\1", text) if ";base64," in text else text


def details_marks(line: str) -> list[re.Match[str]]:
    """The `<details>` and `</details>` of a line; group 1 holds the slash of those that close."""
    return list(_DETAILS.finditer(line)) if "<" in line else []


def _code(lines: Sequence[str], at: int) -> Block | None:
    opening = fence(lines[at])
    if opening is None:
        return None
    for end in range(at + 1, len(lines)):
        if closes(lines[end], opening.run):
            return Block("code", at, end + 1)
    return Block("code", at, len(lines), closed=False)


def _table(lines: Sequence[str], at: int) -> Block | None:
    if at + 2 >= len(lines) or not begins_table(lines[at], lines[at + 1]):
        return None  # a delimiter row without a line after it is still being written
    end = at + 2
    while end < len(lines) and continues_table(lines[end]):
        end += 1
    return Block("table", at, end)


def _maths(lines: Sequence[str], at: int) -> Block | None:
    line = lines[at].strip()
    mark = maths_end(line)
    if not mark:
        return None
    if (first := line.find(mark, 2)) != -1:
        return Block("maths", at, at + 1) if first == len(line) - len(mark) and line[2:first].strip() else None
    for end in range(at + 1, min(len(lines), at + LONGEST_FORMULA)):
        if closes_maths(lines[end], mark):
            return Block("maths", at, end + 1)
        if breaks_maths(lines[end]):
            return None
    return None


def _quote(lines: Sequence[str], at: int) -> Block:
    end = at + 1
    while end < len(lines) and lines[end].lstrip(" \t").startswith(">"):
        end += 1
    return Block("quote", at, end)


def _details(lines: Sequence[str], at: int) -> Block | None:
    first = _DETAILS.match(lines[at].lstrip())
    if first is None or first[1]:
        return None
    depth, start = 0, at
    while at < len(lines):
        if (code := _code(lines, at)) is not None:
            at = code.end
            continue
        for mark in details_marks(lines[at]):
            depth += -1 if mark[1] else 1
            if depth == 0:
                return Block("details", start, at + 1)
        at += 1
    return Block("details", start, at, closed=False)


def _note(lines: Sequence[str], at: int) -> Block | None:
    if _NOTE.match(lines[at].lstrip()) is None:
        return None
    end = at + 1
    while (more := _first_of_words(lines, end)) < len(lines) and lines[more][0] in " \t":
        end = more + 1
    return Block("note", at, end)


def _first_of_words(lines: Sequence[str], at: int) -> int:
    """The first line from `at` on that is not blank, a blank one before it at most; else the end."""
    return (
        at
        if at < len(lines) and lines[at].strip()
        else at + 1
        if at + 1 < len(lines) and lines[at + 1].strip()
        else len(lines)
    )


_FINDERS = {
    "`": _code,
    "~": _code,
    ">": _quote,
    "$": _maths,
    "\\": _maths,
    "<": _details,
    "[": _note,
}
