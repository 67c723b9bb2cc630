"""Markdown as models write it, in the dialect of Feishu's cards.

Line by line, so that what has been rendered rarely changes as the text grows: Feishu types on only where the old
text is a prefix of the new. Nothing a model writes may call people (`<at>`), and nothing may make Feishu refuse
the card: a picture by address, or a fourth table.
"""

from __future__ import annotations

import re
from collections.abc import Generator

MAX_TABLES = 3
"""Of Markdown in one card; a fourth is refused with 230099, ErrCode 11310 (measured by ByteDance's own plug-in)."""
MAX_LENGTH = 24 * 1024
"""Of what `measure` returns. A card may have 30 KB of JSON; the rest is for buttons and what rendering adds."""
ZERO_WIDTH = "\u200b"
_CONTROLS = dict.fromkeys([*range(0x09), *range(0x0B, 0x20)])
"""All but tab and newline: nobody sees them, and each takes six bytes of JSON."""

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<run>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_BACKTICKS = re.compile(r"[ \t]*`{3,}")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CALL = re.compile(r"<(?=at[\s>/])", re.IGNORECASE)
_MATH_ENDS = {"$$": "$$", "\\[": "\\]"}

_CODE = re.compile(
    r"(?<!`)(?P<run>`+)(?!`).+?(?<!`)(?P=run)(?!`)"
    r"|\\\((?P<math>[^`]{1,300}?)\\\)"
    r"|(?<![\\$\w])\$(?![\s$])(?P<maybe>[^$`]{1,300}?)(?<![\s\\])\$(?![\d$])"
)
"""A span of code, or a formula."""
_SPECIAL = re.compile(r"[`$\\<&]|!\[")
_LINKED_IMAGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)\s]+)[^)]*\)")
_BARE_IMAGE = re.compile(r"!\[\]\(([^)\s]+)")
_AUTOLINK = re.compile(r"<(https?://[^\s<>]+)>")
_TAG = re.compile(r"<(?=[A-Za-z/!?])(?!br ?/?>)")
_HIDDEN_CALL = re.compile(r"&(?=(?:lt|#0*60|#x0*3c);at\b)", re.IGNORECASE)
_LOOKS_LIKE_MATH = re.compile(r"[\\^_{}=<>]|^[A-Za-z]$|^[A-Za-z]\(")


def render(text: str) -> str:
    """`text` as a card's markdown element takes it."""
    return "\n".join(_lines(text.translate(_CONTROLS)))


def measure(text: str) -> int:
    """Bytes of UTF-8 in the card's JSON; past `MAX_LENGTH` in any case where there are too many tables.

    Tables are counted by lines that are complete, so that it never falls as a text grows.
    """
    size = len(text.encode()) + sum(map(text.count, ('"', "\\", "\n"))) + 4 * text.count("<")
    if "|" in text:
        size += (MAX_LENGTH + 1) * max(0, _tables(text) - MAX_TABLES)
    return size


def plain(text: str) -> str:
    """`text` for a message that is no card: there, too, nobody is to be called."""
    return _CALL.sub(f"<{ZERO_WIDTH}", text)


def summary(text: str, length: int = 50) -> str:
    """The first words, for the list of chats."""
    words = " ".join(re.sub(r"[#*_~`>|\[\]\x00-\x08]+", "", text[: length * 4]).split())
    return words if len(words) <= length else words[: length - 1] + "…"


def _tables(text: str) -> int:
    count, before, fence = 0, "", ""
    for line in text.split("\n")[:-1]:
        found = _FENCE.fullmatch(line) if "```" in line or "~~~" in line else None
        if fence:
            fence = "" if found and _ends(found, fence) else fence
        elif found:
            fence = found["run"]
        elif "|" in before and "|" in line and _DELIMITER.fullmatch(line):
            count += 1
        before = "" if fence or found else line
    return count


def _lines(text: str) -> Generator[str, None, None]:
    lines = text.split("\n")
    tables = 0
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if ("```" in line or "~~~" in line) and (fence := _FENCE.fullmatch(line)):
            at = yield from _code(lines, at, fence)
        elif (opening := line.strip()[:2]) in _MATH_ENDS and _is_math(line.strip(), opening):
            at = yield from _math(lines, at, opening)
        elif "|" in line and at < len(lines) and "|" in lines[at] and _DELIMITER.fullmatch(lines[at]):
            end = at + 1
            while end < len(lines) and "|" in lines[end]:
                end += 1
            tables += 1
            if tables <= MAX_TABLES:
                yield from map(_inline, lines[at - 1 : end])
            else:
                yield "```"
                yield from (_CALL.sub(f"<{ZERO_WIDTH}", row) for row in lines[at - 1 : end])
                yield "```"
            at = end
        else:
            yield _inline(line)


def _code(lines: list[str], at: int, fence: re.Match[str]) -> Generator[str, None, int]:
    """A fenced block. Feishu shows it as code only where nothing stands before the fence (content page)."""
    indent = len(fence["indent"])
    marks = fence["run"]
    if marks[0] == "~":
        # Only backticks are sure to be known; more of them than any line inside begins with.
        marks = "`" * max([3, *(len(run[0]) + 1 for run in map(_BACKTICKS.match, lines[at:]) if run)])
    yield marks + _CALL.sub(f"<{ZERO_WIDTH}", fence["info"].strip().replace("`", ""))
    while at < len(lines):
        line = lines[at]
        at += 1
        found = _FENCE.fullmatch(line)
        if found and _ends(found, fence["run"]):
            yield marks
            break
        margin = len(line) - len(line.lstrip(" \t"))
        yield _CALL.sub(f"<{ZERO_WIDTH}", line[min(indent, margin) :])
    return at


def _ends(line: re.Match[str], run: str) -> bool:
    return line["run"].startswith(run) and not line["info"].strip()


def _is_math(line: str, opening: str) -> bool:
    """Whether a line that begins like a formula of its own is one: it ends with it, or the formula goes on."""
    end = line.find(_MATH_ENDS[opening], 2)
    return end == -1 or end == len(line) - 2


def _math(lines: list[str], at: int, opening: str) -> Generator[str, None, int]:
    """A formula that stands by itself, as code: cards know no LaTeX."""
    ending = _MATH_ENDS[opening]
    rest = lines[at - 1].strip()[2:]
    yield "```latex"
    while True:
        body, closed, after = rest.partition(ending)
        if body.strip():
            yield _CALL.sub(f"<{ZERO_WIDTH}", body)
        if closed:
            yield "```"
            if after.strip():
                yield _inline(after)
            break
        if at == len(lines):
            yield "```"
            break
        rest = lines[at]
        at += 1
    return at


def _inline(line: str) -> str:
    if not _SPECIAL.search(line):
        return line
    out, end = [], 0
    for span in _CODE.finditer(line):
        out.append(_prose(line[end : span.start()]))
        out.append(_span(span))
        end = span.end()
    out.append(_prose(line[end:]))
    return "".join(out)


def _span(span: re.Match[str]) -> str:
    if span["run"]:
        return _CALL.sub(f"<{ZERO_WIDTH}", span[0])
    formula = span["math"] or span["maybe"]
    if not span["math"] and not _LOOKS_LIKE_MATH.search(formula):
        return _prose(span[0])  # two prices, say
    return f"`{_CALL.sub(f'<{ZERO_WIDTH}', formula.strip())}`"


def _prose(text: str) -> str:
    if "![" in text:
        text = _LINKED_IMAGE.sub(r"[\1](\2)", text)
        text = _BARE_IMAGE.sub(r"[\1](\1", text).replace("![", "[")
    if "&" in text:
        text = _HIDDEN_CALL.sub("&#38;", text)
    if "<" in text:
        text = _TAG.sub("&#60;", _AUTOLINK.sub(r"[\1](\1)", text))
    return text
