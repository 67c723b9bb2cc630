"""What of an answer can be said aloud: its words, without Markdown, code and addresses."""

from __future__ import annotations

import re

MAX_SPOKEN_CHARACTERS = 4096
"""The most that OpenAI's server takes at once (https://platform.openai.com/docs/api-reference/audio/createSpeech)."""
_SILENT = frozenset({"fence", "code_block", "html_block"})
_ENDS = frozenset("。.!?！？…:：;；,，")
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？]|\n")


def spoken_text(markdown: str) -> str:
    """Return the words of `markdown`, a line for each block; empty where it holds none.

    Code blocks are left out, the words of inline code, links and tables are not. Longer answers end after the last
    sentence that fits.
    """
    from markdown_it import MarkdownIt

    lines: list[str] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        if token.type in _SILENT or not token.children:
            continue
        words = " ".join("".join(_words(child.type, child.content) for child in token.children).split())
        if any(map(str.isalnum, words)):
            lines.append(words if words[-1] in _ENDS else f"{words}.")
    return _shortened("\n".join(lines))


def _words(kind: str, content: str) -> str:
    if kind in ("text", "code_inline"):
        return content
    return " " if kind in ("softbreak", "hardbreak") else ""


def _shortened(text: str) -> str:
    if len(text) <= MAX_SPOKEN_CHARACTERS:
        return text
    text = text[:MAX_SPOKEN_CHARACTERS]
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]].rstrip() if ends else text
