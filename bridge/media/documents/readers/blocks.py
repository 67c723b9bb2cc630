"""Paragraphs and nested tables, as they come out of a stream of tags, into Markdown."""

from __future__ import annotations

from bridge.media.documents.readers.reading import MAX_TEXT_CHARS, table

MAX_NESTED_TABLES = 8


class Blocks:
    """Collects the text of one document or page."""

    def __init__(self) -> None:
        self._frames: list[list[str]] = [[]]
        """Finished paragraphs: of the document, and of each table cell that is open."""
        self._tables: list[list[list[str]]] = []
        self._line: list[str] = []
        self.prefix = ""
        """Stands before the paragraph that ends next, such as ``# `` or ``- ``."""
        self.size = 0

    @property
    def full(self) -> bool:
        return self.size > MAX_TEXT_CHARS

    def write(self, text: str) -> None:
        self._line.append(text)
        self.size += len(text)

    def end_paragraph(self) -> None:
        text = "".join(self._line).strip(" \n")
        if text.strip():
            self._frames[-1].append(self.prefix + text)
        self._line.clear()
        self.prefix = ""

    def open_table(self) -> None:
        self.end_paragraph()
        if len(self._tables) <= MAX_NESTED_TABLES:
            self._tables.append([])
            self._frames.append([])

    def open_row(self) -> None:
        if self._tables:
            self.end_open_cell()
            self._tables[-1].append([])

    def end_open_cell(self) -> None:
        """End the cell that was not closed, as HTML allows, where something stands in it."""
        self.end_paragraph()
        if self._tables and self._frames[-1]:
            self.close_cell()

    def close_cell(self, columns: int = 1) -> None:
        """End a cell that covers this many columns. What was written since the last cell is in it."""
        self.end_paragraph()
        if self._tables:
            if not self._tables[-1]:
                self._tables[-1].append([])
            content = " ".join(self._frames[-1])
            self._frames[-1].clear()
            self._tables[-1][-1].extend([content, *[""] * (min(columns, 50) - 1)])

    def close_table(self) -> None:
        if not self._tables:
            return
        self.end_open_cell()
        rows = [row for row in self._tables.pop() if any(row)]
        self._frames.pop()
        if self._tables:  # Markdown has no table in a cell
            self._frames[-1].extend("; ".join(filter(None, row)) for row in rows)
        elif rows and max(map(len, rows)) == 1:  # a frame around text
            self._frames[-1].extend(row[0] for row in rows)
        elif rows:
            self._frames[-1].append(table(rows))

    def result(self) -> str:
        self.end_paragraph()
        while self._tables:
            self.close_table()
        paragraphs = self._frames[0]
        lines = []
        for before, paragraph in zip(["", *paragraphs], paragraphs, strict=False):
            if before:
                lines.append("\n" if _is_item(before) and _is_item(paragraph) else "\n\n")
            lines.append(paragraph)
        return "".join(lines)


def _is_item(paragraph: str) -> bool:
    return paragraph.lstrip().startswith("- ")
