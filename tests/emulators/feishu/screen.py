"""What Feishu's app makes of a message: the words on the screen, the code blocks, the buttons, who was called."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_POST_PARSER = MarkdownIt("commonmark").enable("strikethrough")
_AT = re.compile(r"<at\s+(?:user_)?id=[\"']?([\w-]+)")


@dataclass
class Seen:
    """One message as it is shown."""

    text: str = ""
    aside: str = ""
    """What is folded away above the text."""
    code: list[str] = field(default_factory=list)
    buttons: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What each says and the value it sends."""
    called: list[str] = field(default_factory=list)
    """Everyone who was mentioned, `all` included."""
    tables: int = 0
    images: list[str] = field(default_factory=list)
    """Of pictures in Markdown, the keys or addresses."""
    files: list[tuple[str, str]] = field(default_factory=list)
    """The key of each picture or file of a message, and its caption."""
    elements: int = 0
    ids: list[str] = field(default_factory=list)


def card(data: dict[str, Any]) -> Seen:
    """A card of JSON 2.0."""
    seen = Seen()
    texts: list[str] = []
    folded: list[str] = []
    for element in data.get("body", {}).get("elements", []):
        if element["tag"] == "collapsible_panel":
            assert not element.get("expanded"), "nothing here is to stand open"
            inside = Seen()
            _card_elements([element], inside, folded)
            seen.elements += inside.elements
            seen.tables += inside.tables
            seen.ids += inside.ids
            seen.images += inside.images
            seen.called += inside.called
        else:
            small = element.get("text_size") == "notation"  # above the text, as an aside of one line is
            _card_elements([element], seen, folded if small and not texts else texts)
    seen.text, seen.aside = "\n".join(texts), "\n".join(folded)
    return seen


def _card_elements(roots: list[dict[str, Any]], seen: Seen, texts: list[str]) -> None:
    for element in elements(roots):
        seen.elements += 1
        if element.get("element_id"):
            seen.ids.append(element["element_id"])
        if element["tag"] == "markdown":
            texts.append(_markdown(element["content"], seen, _PARSER))
        elif element["tag"] == "button":
            seen.elements += 1
            callbacks = [each["value"] for each in element["behaviors"] if each["type"] == "callback"]
            seen.buttons.append((element["text"]["content"], callbacks[0]))


def message(kind: str, content: dict[str, Any]) -> Seen:
    """A text, a post, a picture or a file."""
    seen = Seen()
    if kind == "text":
        seen.called = _AT.findall(content["text"])
        seen.text = content["text"]
        return seen
    if kind != "post":
        key = content.get("image_key") or content.get("file_key")
        seen.files = [(key, "")] if key else []
        return seen
    lines: list[str] = []
    for line in next(iter(content.values()))["content"]:
        if line and line[0]["tag"] == "img":
            seen.files.append((line[0]["image_key"], ""))
            continue
        text = "".join(
            _markdown(part["text"], seen, _POST_PARSER) if part["tag"] == "md" else part["text"] for part in line
        )
        if seen.files:  # what stands below a picture is read as its caption
            key, caption = seen.files[-1]
            seen.files[-1] = (key, "\n".join(filter(None, (caption, text))))
        else:
            lines.append(text)
    seen.text = "\n".join(lines)
    return seen


def elements(roots: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All elements of a card, from the top down."""
    for element in roots:
        yield element
        yield from elements(element.get("columns", []))
        yield from elements(element.get("elements", []))


def _markdown(source: str, seen: Seen, parser: MarkdownIt) -> str:
    blocks: list[str] = []
    row: list[str] | None = None
    marker = ""
    for token in parser.parse(source):
        if token.type in ("fence", "code_block"):
            code = token.content.removesuffix("\n")
            seen.code.append(code)
            blocks.append(code)
        elif token.type == "table_open":
            seen.tables += 1
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close":
            blocks.append(" | ".join(row or []))
            row = None
        elif token.type == "list_item_open":
            marker = f"{token.info}. " if token.info else "- "
        elif token.type == "html_block":
            blocks.append(_tags(token.content, seen))
        elif token.type == "hr":
            blocks.append("---")
        elif token.type == "inline":
            text = _inline(token, seen)
            if row is not None:
                row.append(text)
            else:
                blocks.append(marker + text)
                marker = ""
    return "\n".join(blocks)


def _inline(token: Token, seen: Seen) -> str:
    out = ""
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            out += "\n"
        elif child.type == "image":
            seen.images.append(str(child.attrs["src"]))
            out += child.content
        elif child.type == "html_inline":
            out += _tags(child.content, seen)
        else:
            out += child.content
    return out


def _tags(source: str, seen: Seen) -> str:
    called = _AT.findall(source)
    seen.called += called
    return "".join(f"@{who}" for who in called) + html.unescape(re.sub(r"<[^>]*>", "", source)).strip("\n")
