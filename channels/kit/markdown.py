"""Markdown as models write it, made ready for one platform: the walk over its blocks that all dialects share.

A dialect says how it wants code, tables, formulas, folded text and lines of prose; quotations, alerts and footnotes
are the same everywhere. What goes in may be half an answer, and no word of it is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bridge.blocks import CELL_ENDS, MATHS_ENDS, Block, Fence, Kind, details_marks, fence, scan
from channels.kit import latex
from channels.kit.inline import Style, inline
from channels.kit.notes import Notes, language
from channels.kit.tables import Ruling, Table, longest

MAX_DEPTH = 6
"""Quotations and details inside one another; deeper ones are lines of prose."""
DIAGRAMS = {"mermaid", "plantuml", "puml", "dot", "graphviz", "d2", "tikz", "svgbob", "flow", "sequence"}
"""Languages of code that is meant to be a picture: they need a label where the platform shows a code's language
only by its colours."""

_SIGNS = ("```", "~~~", "|", "$$", "\\[", "\\begin{", ">", "<", "[^")
"""Without any of these a text is prose throughout."""
_QUOTED = re.compile(r"[ \t]*> ?")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(.*)", re.IGNORECASE)
_SUMMARY = re.compile(r"\s*<summary(?:\s[^<>]*)?>(.*?)(?:</summary\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TASK = re.compile(r"([ \t]*(?:[-*+]|\d+[.)]) )\[([ xX])\] ")
_NOTE = re.compile(r"[ \t]*\[\^([^\]\s]+)\]:[ \t]*(.*)")
_ALERTS = {
    "en": {"NOTE": "Note", "TIP": "Tip", "IMPORTANT": "Important", "WARNING": "Warning", "CAUTION": "Caution"},
    # The same words in simplified and in traditional characters.
    "zh": {"NOTE": "注意", "TIP": "提示", "IMPORTANT": "重要", "WARNING": "警告", "CAUTION": "小心"},
    "ja": {"NOTE": "注記", "TIP": "ヒント", "IMPORTANT": "重要", "WARNING": "警告", "CAUTION": "注意"},
    "ko": {"NOTE": "참고", "TIP": "팁", "IMPORTANT": "중요", "WARNING": "경고", "CAUTION": "주의"},
}


class Dialect:
    """How one platform is to be sent Markdown. Subclasses change what their platform shows otherwise."""

    style: Style
    ruling = Ruling(" | ", "-+-", "-")
    break_in_cell = "<br>"
    shows_tasks = False
    """Whether the platform shows the boxes of a list of tasks."""
    labels_diagrams = True
    """Whether a diagram's language is written above its code."""

    def render(self, text: str, notes: Notes | None = None) -> str:
        """`text` in this dialect. `notes` are those of the text that it is a part of."""
        lines = text.split("\n")
        notes = notes or Notes.of(text)
        if not any(sign in text for sign in _SIGNS):
            return "\n".join([self.line(line, notes) if line else "" for line in lines])
        shown = "\n".join(self.blocks(lines, notes))
        return shown if shown.strip() or "<!--" not in text else text.replace("<", self.style.angle)

    def blocks(self, lines: Sequence[str], notes: Notes, depth: int = 0) -> list[str]:
        """The lines that these lines become, footnotes at the end."""
        shown: list[str] = []
        below: list[tuple[int, list[str]]] = []
        for block in scan(lines):
            part = lines[block.start : block.end]
            if block.kind == "prose" or (depth >= MAX_DEPTH and block.kind in ("quote", "details")):
                shown += [self.line(line, notes) if line else "" for line in part]
            elif block.kind == "code":
                shown += self._code(part, block)
            elif block.kind == "table":
                shown += self._apart(shown, self.table(part, notes), lines[block.end : block.end + 1])
            elif block.kind == "maths":
                shown += self._maths(part)
            elif block.kind == "quote":
                shown += self.quote(part, notes, depth)
            elif block.kind == "details":
                shown += self._details(part, block, notes, depth)
            else:
                below.append(self._note(part, notes))
                if shown and not shown[-1].strip() and not "".join(lines[block.end : block.end + 1]).strip():
                    shown.pop()
        ends = [line for _, lines in sorted(below, key=lambda note: note[0]) for line in lines]
        return [*shown, *([""] if ends and shown and shown[-1].strip() else []), *ends]

    def line(self, line: str, notes: Notes) -> str:
        """One line of prose."""
        if line.endswith("\\") and not line.endswith("\\\\"):  # a line break, which a line is in chats anyway
            line = line[:-1]
        if "[" in line and not self.shows_tasks and (task := _TASK.match(line)):
            line = task[1] + ("☐ " if task[2] == " " else "☑ ") + line[task.end() :]
        return inline(line, self.style, notes)

    def code(self, opening: Fence, lines: list[str], *, closed: bool) -> list[str]:
        """Code: the line that opens it, the lines in it, and whether it has ended."""
        return [f"{opening.indent}{opening.run}{opening.info}", *lines, *[opening.indent + opening.run] * closed]

    def table(self, rows: Sequence[str], notes: Notes) -> list[str]:
        """A table in columns that line up, as code; in blocks of Markdown where that is too wide."""
        table = Table.read(rows)
        if lines := table.aligned(lambda cell: plain(cell, notes), self.ruling):
            return self.code_block(lines)
        return "\n".join(table.stacked(lambda cell: self.line(cell, notes), self.bold)).split("\n")

    def code_block(self, lines: list[str]) -> list[str]:
        """`lines` as code without a language."""
        return self.code(Fence("", "`" * (1 + max(2, *map(_longest_run, lines))), ""), lines, closed=True)

    def formula(self, rows: list[str]) -> list[str]:
        """A formula that stands by itself, in plain characters."""
        return self.code_block(rows)

    def row(self, row: str, notes: Notes) -> str:
        """A row of a table that stays one."""
        return "|".join([inline(cell, self.style, notes) for cell in CELL_ENDS.split(row)]).replace(
            "\n", self.break_in_cell
        )

    def quote(self, lines: Sequence[str], notes: Notes, depth: int) -> list[str]:
        """A quotation; an alert gets its word in bold."""
        inner = _unquoted(lines)
        alert = _ALERT.fullmatch(inner[0].strip())
        if alert:
            title = _ALERTS[language("\n".join(inner)) or notes.language][alert[1].upper()]
            inner[0] = alert[2]
        shown = self.blocks(inner if not alert or inner[0] else inner[1:], notes, depth + 1)
        if alert:
            shown = [self.bold(title), *shown]
        return [f"> {line}" if line else ">" for line in "\n".join(shown).split("\n")]

    def fold(self, title: str, lines: list[str], *, closed: bool) -> list[str]:
        """Details: their title, their lines rendered, and whether all of them are there."""
        return [*([self.bold(title)] if title else []), *lines]

    def bold(self, text: str) -> str:
        """All of a text that has been rendered in bold."""
        if not text or ("`" in text and "**" in text):
            return text
        begin, end = self.style.tags["b"]
        return f"{begin}{text.replace('**', '')}{end}"

    @staticmethod
    def _apart(before: Sequence[str], table: list[str], after: Sequence[str]) -> list[str]:
        """A table with empty lines around it, so that no line of it joins its neighbours, unless it is code."""
        if table[0].startswith("```"):
            return table
        above = [""] if before and before[-1].strip() else []
        return [*above, *table, *([""] if after and after[0].strip() else [])]

    def _code(self, lines: Sequence[str], block: Block) -> list[str]:
        opening = fence(lines[0])
        assert opening is not None
        within = list(lines[1:-1] if block.closed else lines[1:])
        shown = self.code(opening, within, closed=block.closed)
        language = opening.info.strip().lower()
        if self.labels_diagrams and language in DIAGRAMS and len(lines) > 1:
            return [self.label(language), *shown]
        return shown

    def label(self, language: str) -> str:
        """The line above a diagram's code."""
        return self.bold(language)

    def _maths(self, lines: Sequence[str]) -> list[str]:
        text = "\n".join(lines).strip()
        marks = MATHS_ENDS.get(text[:2])  # an environment says by its name what it is
        rows = latex.rows(text[2:].removesuffix(marks) if marks else text)
        return self.formula(rows) if rows else list(lines)

    def _details(self, lines: Sequence[str], block: Block, notes: Notes, depth: int) -> list[str]:
        title, body, after = _parts_of_details(lines, closed=block.closed)
        inner = self.blocks(body, notes, depth + 1)
        shown = self.fold(self.line(title, notes), "\n".join(inner).split("\n") if inner else [], closed=block.closed)
        return [*shown, self.line(after, notes)] if after.strip() else shown

    def _note(self, lines: Sequence[str], notes: Notes) -> tuple[int, list[str]]:
        """A footnote's number and its lines."""
        found = _NOTE.fullmatch(lines[0])
        assert found is not None
        mark = notes.mark(found[1]) or f"[{found[1]}]"
        paragraphs = "\n".join([found[2], *(line.strip() for line in lines[1:])]).split("\n\n")
        first, *further = (self.line(" ".join(paragraph.split("\n")), notes) for paragraph in paragraphs)
        return int(notes.numbers.get(found[1], 0)), [f"{mark} {first}", *further]


def _parts_of_details(lines: Sequence[str], *, closed: bool) -> tuple[str, list[str], str]:
    """The title of folded text, its lines, and what follows its end on the same line."""
    text = "\n".join(lines)
    marks = details_marks(text)
    begin, end = marks[0].end(), marks[-1].start() if closed else len(text)
    summary = _SUMMARY.match(text, begin, end)
    title = " ".join(summary[1].split()) if summary else ""
    body = text[summary.end() if summary else begin : end].strip("\n")
    body = body if "\n" in body else body.strip()
    return title, body.split("\n") if body.strip() else [], text[marks[-1].end() :] if closed else ""


@dataclass(frozen=True, slots=True)
class Growth:
    """What rendering may add to a text in one dialect."""

    fenced: int = 0
    """Around a table or a formula that becomes code."""
    label: int = 0
    """Around a diagram's language."""
    size: Callable[[str], int] = len
    """The most that a stretch of text without blocks comes to."""
    quoted: int = 0
    """In front of each line of a quotation."""

    def surplus(self, lines: Sequence[str]) -> int:
        """By how much the blocks of `lines` may outgrow their source; it never falls as a text grows."""
        total = 0
        for kind, part, quotes in walk(lines):
            margin = quotes * self.quoted
            if kind == "table":
                most = longest(part, self.size, margin) + self.fenced + 2 * margin
                total += max(0, most - sum(self.size(row) + 1 + margin for row in part))
            elif kind == "code":
                total += self.label + margin + len(part[0]) if self.label and len(part) > 1 else 0
            elif kind == "quote":
                total += len(part) + (margin + 4 if part[0].lstrip().startswith("[!") else 0)
            else:
                formulas = sum(line.lstrip().startswith(("$$", "\\[")) for line in part)
                breaks = sum(line.lower().count("<br") for line in part) if margin else 0
                total += formulas * (self.fenced + 2 * margin) + breaks * margin
        return total


def walk(lines: Sequence[str], depth: int = 0, quotes: int = 0) -> Iterator[tuple[Kind, Sequence[str], int]]:
    """The blocks of a text with their lines, those inside of others too, and how many quotations they are in.

    A quotation comes without its marks and is followed by what is in it; details are what is in them.
    """
    for block in scan(lines):
        part = lines[block.start : block.end]
        if depth < MAX_DEPTH and block.kind == "quote":
            inner = _unquoted(part)
            yield "quote", inner, quotes + 1
            yield from walk(inner, depth + 1, quotes + 1)
        elif depth < MAX_DEPTH and block.kind == "details":
            yield from walk(_parts_of_details(part, closed=block.closed)[1], depth + 1, quotes)
        else:
            yield "prose" if block.kind in ("quote", "details") else block.kind, part, quotes


def _unquoted(lines: Sequence[str]) -> list[str]:
    return [_QUOTED.sub("", line, count=1) for line in lines]


def _longest_run(line: str) -> int:
    return max(map(len, re.findall("`+", line)), default=0) if "```" in line else 0


def plain(cell: str, notes: Notes) -> str:
    """The words of a cell, without marks: inside code they would be shown as they are written."""
    if _MARKUP.search(cell) is None:
        return cell
    text = inline(cell, _PLAIN, notes).replace("\n", " ")
    text = _LINK.sub(r"\1 (\2)", text)
    text = _MARKS.sub(r"\2", text)
    return _ESCAPED.sub(r"\1", text)


_MARKUP = re.compile(r"[*~\[\\`<$&_]")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)[^)]*\)")
_MARKS = re.compile(r"(\*\*\*|\*\*|\*|~~)(?=[^\s*~])(.+?)(?<=[^\s*~])\1")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PLAIN = Style(
    tags=dict.fromkeys("bius", ("", "")),
    picture=lambda words, address: f"{words} ({address})" if words else address,
    link=lambda words, address: f"{words} ({address})",
    automatic=lambda address: address,
    code=lambda span: span.strip("`").strip() or span,
)
