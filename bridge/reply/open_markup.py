"""A text in the making, as it may be shown: what its last line has opened and not closed is closed, or held back.

A model writes ``**bold`` before it writes the rest. Shown as they come, marks would flash up at every other edit and be
gone at the next. Only the last line can be unfinished, and nothing of this touches the text itself: it is complete in
the end, and then shown as it is.
"""

from __future__ import annotations

import re

_TAGS = (
    *("b", "i", "u", "s", "a", "em", "strong", "ins", "del", "mark", "code", "kbd", "sub", "sup"),
    *("font", "span", "small", "big", "center", "abbr"),
)
"""Of HTML, what models write within a line and close there."""
_ALONE = ("br", "wbr", "img", "details", "summary", "!--")
"""What is not closed there, or needs not be."""
_TOKEN = re.compile(
    r"(?P<maths>\\\()|\\.|(?P<code>`+)|(?P<mark>\*+|~+)|(?P<dollars>\${1,2})"
    r"|(?P<half></?(?P<begun>!?-{0,2}[A-Za-z]{0,10})\Z|\[\^[^\]\s]{0,30}\Z|(?<=> )\[!?[A-Za-z]{0,9}\Z"
    rf"|<(?i:{'|'.join((*_TAGS, *_ALONE[:-1]))})\s[^<>]*\Z|<!--(?!.*-->).*)"
    rf"|<(?P<end>/?)(?P<tag>(?i:{'|'.join(_TAGS)}))(?:\s[^<>]*)?>"
    r"|(?P<link>!?\[)|(?P<target>\]\()|\]"
)
_MATHS = re.compile(r"[\\^_{]")


def close_open_markup(text: str) -> str:
    """`text`, outside of a code fence, as it may be shown while more is to come."""
    start = text.rfind("\n") + 1
    return text[:start] + _line(text[start:])


def _line(line: str) -> str:
    marks: list[tuple[str, int]] = []
    links: list[tuple[int, int]] = []
    at = 0
    while found := _TOKEN.search(line, at):
        begin, at = found.span()
        if run := found["code"]:
            closing = re.search(rf"(?<!`){run}(?!`)", line[at:])
            if closing is None:
                return _closed(line, marks, run, begin, at)
            at += closing.end()
        elif found["maths"]:
            end = line.find("\\)", at)
            if end == -1:
                return _closed(line.rstrip() + "\\)" if line[at:].strip() else line[:begin], marks)
            at = end + 2
        elif found["half"]:
            begun = found["begun"]
            if begun is None or any(tag.startswith(begun.lower()) for tag in (*_TAGS, *_ALONE)):
                return _closed(line[:begin], marks)
        elif dollars := found["dollars"]:
            # Prices have no such signs in them; a formula that is not whole is nothing to look at.
            if (end := line.find(dollars, at)) != -1:
                at = end + len(dollars) if _MATHS.search(line, at, end) else at
            elif at == len(line) or _MATHS.search(line, at):
                return _closed(line[:begin], marks)
        elif tag := found["tag"]:
            if not found["end"]:
                marks.append((f"</{tag}>", begin))
            elif marks and marks[-1][0].lower() == found[0].lower():
                marks.pop()
        elif mark := found["mark"]:
            top, opened = marks[-1] if marks else ("", 0)
            ends = top.startswith(mark) and not line[begin - 1].isspace()
            if ends and (top == mark or (top == "***" and at < len(line))):
                marks.pop()
                if top != mark:  # of the three that opened, one or two go on
                    marks.append((top[len(mark) :], opened))
            elif at == len(line):
                return _closed(line[:begin], marks)
            elif _opens(line, mark, begin, at):
                marks.append((mark, begin))
        elif found["link"]:
            links.append((begin, at))
        elif found["target"] and links:
            opened, words = links.pop()
            if (end := line.find(")", at)) == -1:
                # Nobody needs to read an address as it is spelt.
                return _closed(line[:opened] + line[words:begin], [mark for mark in marks if mark[1] < opened])
            at = end + 1
        elif found[0] == "]" and links:
            links.pop()
    return _closed(line, marks)


def _opens(line: str, mark: str, begin: int, end: int) -> bool:
    """Whether a run of marks that is not the last of its line begins something: 2 * 3 and 2*3 do not."""
    if line[end].isspace() or mark == "~" or len(mark) > 3:
        return False
    inside = begin > 0 and line[begin - 1].isalnum() and line[end].isalnum()
    power = mark == "**" and inside and line[begin - 1].isascii() and line[end].isdecimal()
    return not power and (mark != "*" or not inside)


def _closed(line: str, marks: list[tuple[str, int]], code: str = "", begin: int = 0, end: int = 0) -> str:
    """The line with everything closed that is open: a code span of the run `code`, and the marks around it."""
    if code:
        within = line[end:].rstrip("`")  # which may be the first of those that close it
        line = line[:end] + within + code if within.strip() else line[:begin]
    for mark, opened in reversed(marks):
        line = line.rstrip()
        opening = line.find(">", opened) + 1 if mark.startswith("</") else opened + len(mark)
        line = line + mark if len(line) > opening else line[:opened]
    return line
