"""Markdown as models write it, in the dialect that Discord shows: no tables, images, LaTeX or deep headings.

Only a table may come out longer than it went in. `measure` counts what a table may come to, so whatever it finds
short enough to send is; and since it looks only at how lines begin and at complete rows, it never falls while a
text grows, as the bridge needs it to. Nothing inside code is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels.discord import maths, tables

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})(.*)")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]+")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_DEEP_HEADING = re.compile(r"((?:> ?)*)#{4,6}[ \t]+(.*?)[ \t]*#*[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_TASK = re.compile(r"([ \t]*(?:[-*+]|\d+[.)]) )\[([ xX])\] ")
_PLUS = re.compile(r"([ \t]*)\+ ")
_REST_OF_MESSAGE = re.compile(r"(?:>>>+)(?= )")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(<?([^\s)>]+)>?(?:\s+\"[^\"]*\")?\)")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_FORMULA = re.compile(
    r"\$\$(?P<double>[^$`]+?)\$\$"
    r"|\\\((?P<round>[^`]+?)\\\)"
    r"|\\\[(?P<square>[^`]+?)\\\]"
    r"|(?<![\\$\w])\$(?=[^\s$])(?P<single>[^$`]*?[A-Za-z\\^_{}][^$`]*?)(?<=[^\s\\$])\$(?![\w$])"
)
_OPENS_FORMULA = {"$$": "$$", r"\[": r"\]"}
_FENCED = len("```\n") + len("```\n")
_LONGEST_FORMULA = 40
"""Lines; what opens a formula and is not closed within these was something else."""


def convert(text: str) -> str:
    """`text` as Discord is to be sent it."""
    return "\n".join(_converted(text.split("\n")))


def measure(text: str) -> int:
    """At least as many characters as `convert(text)` has; it never falls when `text` grows."""
    if "|" not in text and "$$" not in text and r"\[" not in text:
        return len(text)
    return len(text) + sum(_surplus(text.split("\n")))


def _converted(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        kind, end = _block(lines, at)
        block = lines[at:end]
        at = end
        if kind == "code":
            yield from _code(block)
        elif kind == "table":
            yield from ("```", *tables.render(block), "```")
        elif kind == "formula":
            yield from ("```", *(maths.unicode(line).replace("```", "ˋˋˋ") for line in block[1:-1]), "```")
        else:
            yield _prose(block[0])


def _surplus(lines: list[str]) -> Iterator[int]:
    """By how much each block may grow."""
    at = 0
    while at < len(lines):
        kind, end = _block(lines, at)
        block = lines[at:end]
        if kind == "table":
            yield _FENCED + tables.longest(block) - sum(len(row) + 1 for row in block)
        elif kind != "code":
            yield sum(_FENCED for line in block if line.lstrip().startswith(("$$", r"\[")))
        at = end


def _block(lines: list[str], at: int) -> tuple[str, int]:
    """The kind of block that begins with this line, and the line after it."""
    line = lines[at]
    if (fence := _FENCE.fullmatch(line)) and not ("`" in fence[2] and "`" in fence[3]):
        return "code", _after_code(lines, at, fence[2])
    if tables.begins(lines, at):
        end = at + 2
        while end < len(lines) and tables.is_row(lines[end]):
            end += 1
        return "table", end
    if closing := _OPENS_FORMULA.get(line.strip()):
        for end in range(at + 1, min(len(lines), at + _LONGEST_FORMULA)):
            if lines[end].strip() == closing:
                return "formula", end + 1
            if _FENCE.fullmatch(lines[end]) or tables.is_row(lines[end]):
                break  # blocks of their own, whatever comes later
    return "prose", at + 1


def _after_code(lines: list[str], at: int, run: str) -> int:
    for end in range(at + 1, len(lines)):
        found = _FENCE.fullmatch(lines[end])
        if found and found[2].startswith(run) and not found[3].strip():
            return end + 1
    return len(lines)


def _code(block: list[str]) -> Iterator[str]:
    """A code block between fences of three backticks, the only ones that Discord knows."""
    fence = _FENCE.fullmatch(block[0])
    assert fence is not None
    language = _LANGUAGE.match(fence[3].strip())
    yield f"{fence[1]}```{language[0] if language else ''}"
    last = _FENCE.fullmatch(block[-1]) if len(block) > 1 else None
    closed = last is not None and last[2].startswith(fence[2]) and not last[3].strip()
    for line in block[1 : -1 if closed else None]:
        yield line.replace("```", "ˋˋˋ")  # would end the block for Discord, wherever it stands in a line
    if closed and last is not None:
        yield f"{last[1]}```"


def _prose(line: str) -> str:
    if heading := _DEEP_HEADING.fullmatch(line):
        words = heading[2].replace("**", "").strip()
        return heading[1] + (f"**{_spans(words)}**" if words else "")
    if _RULE.fullmatch(line):
        return "─" * len(line.strip())
    line = _REST_OF_MESSAGE.sub(">", line, count=1) if line.startswith(">>>") else line
    line = _TASK.sub(lambda found: found[1] + ("☐ " if found[2] == " " else "☑ "), line, count=1)
    return _spans(_PLUS.sub(r"\1- ", line, count=1) if _PLUS.match(line) else line)


def _spans(line: str) -> str:
    """One line's images, formulas and breaks; what is written as code stays."""
    if not any(mark in line for mark in ("![", "$", "\\", "<")):
        return line
    parts, end = [], 0
    for code in _CODE.finditer(line):
        parts += [_words(line[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _words(line[end:])])


def _words(text: str) -> str:
    text = _IMAGE.sub(lambda found: f"[{found[1]}]({found[2]})" if found[1] else found[2], text)
    text = _FORMULA.sub(_formula, text)
    return _BREAK.sub("\n", text)


def _formula(found: re.Match[str]) -> str:
    latex = found["double"] or found["round"] or found["square"] or found["single"]
    plain = maths.unicode(latex)
    return f"`{plain}`" if plain else found[0]
