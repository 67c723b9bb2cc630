"""Code and tables of an answer that are longer than a page, as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from bridge.blocks import cells, fence, scan
from bridge.types import BodyFile

MAX_LINES = 50
"""A block of more lines is longer than a page, however much the platform shows."""
MAX_CHARACTERS = 4000
MAX_FILES = 10
"""Blocks of one answer that become files."""

_ENDINGS = {
    "bash": "sh",
    "c": "c",
    "c++": "cpp",
    "cpp": "cpp",
    "csharp": "cs",
    "css": "css",
    "csv": "csv",
    "diff": "diff",
    "dockerfile": "dockerfile",
    "go": "go",
    "html": "html",
    "java": "java",
    "javascript": "js",
    "js": "js",
    "json": "json",
    "jsx": "jsx",
    "kotlin": "kt",
    "latex": "tex",
    "lua": "lua",
    "markdown": "md",
    "md": "md",
    "mermaid": "mmd",
    "perl": "pl",
    "php": "php",
    "powershell": "ps1",
    "py": "py",
    "python": "py",
    "r": "r",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "sh": "sh",
    "shell": "sh",
    "sql": "sql",
    "svg": "svg",
    "swift": "swift",
    "toml": "toml",
    "ts": "ts",
    "tsx": "tsx",
    "typescript": "ts",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
}
"""Of files, by what models write after a fence."""


def has_long_blocks(text: str, page: int) -> bool:
    """Whether `text` has code or a table that is longer than `page` characters, or than a page of any platform."""
    return any(True for _ in _long(text, page))


def files_of(text: str, page: int) -> list[BodyFile]:
    """The long blocks of `text` as files: code by its language, tables as CSV. `page` as in `has_long_blocks`."""
    files = []
    for number, (kind, language, lines) in enumerate(_long(text, page), 1):
        if kind == "table":
            # The mark makes spreadsheets read it as UTF-8.
            content, name, mime = "\ufeff" + _csv(lines), f"table-{number}.csv", "text/csv"
        else:
            content = "\n".join(lines) + "\n"
            name, mime = f"code-{number}.{_ENDINGS.get(language.lower(), 'txt')}", "text/plain"
        files.append(BodyFile.of("file", name, mime, content.encode(errors="replace")))
    return files[:MAX_FILES]


def _long(text: str, page: int) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The kind, the language and the lines of each long block, without its fences."""
    if len(text) <= min(page, MAX_CHARACTERS) and text.count("\n") <= MAX_LINES:
        return
    lines = text.split("\n")
    for block in scan(lines):
        inside = lines[block.start : block.end]
        language = ""
        if block.kind == "code":
            opening = fence(inside[0])
            language = opening.info.strip().split(" ")[0] if opening and opening.info.strip() else ""
            inside = inside[1 : -1 if block.closed else None]
        elif block.kind != "table":
            continue
        if len(inside) > MAX_LINES or sum(map(len, inside)) + len(inside) > min(page, MAX_CHARACTERS):
            yield block.kind, language, inside


def _csv(lines: Sequence[str]) -> str:
    written = io.StringIO()
    rows = csv.writer(written)
    for number, line in enumerate(lines):
        if number != 1:
            rows.writerow([cell.replace("\\|", "|") for cell in cells(line)])
    return written.getvalue()
