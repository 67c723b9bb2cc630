"""The numbers by which an answer refers to its sources, as links to them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.events import Source

# Code, links and addresses are left as they are; a number that runs on behind a bracket belongs to a link as well.
_UNTOUCHED = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`|!?\[[^\[\]\n]*\]\([^()\n]*\)|<https?:[^<>\s]*>|https?://\S+",
    re.DOTALL,
)
_ONE = r"\[(?:\^|ref_)?\d{1,3}(?:\s?[,，、]\s?(?:\^|ref_)?\d{1,3})*\]|【(?:ref_)?\d{1,3}(?:[:†][^【】\n]*)?】"
_RUN = re.compile(rf"(?<!\])(?:{_ONE})+(?![(:\[])")
_BRACKET = re.compile(r"[\[【][^\[\]【】]*[\]】]")
_NOTE = re.compile(r"^\[\^\d+\]:", re.MULTILINE)


def cited(text: str, sources: Sequence[Source]) -> list[Source]:
    """Return what stands under `text`: pages, and of documents those that it refers to, or all where there are none."""
    documents = {source.number for source in sources if not source.url}
    named = {int(number) for run in _RUN.findall(text) for number in re.findall(r"\d+", run)} & documents
    return [source for source in sources if source.url or not named or source.number in named]


def link_citations(text: str, sources: Sequence[Source]) -> str:
    """Return `text` with the numbers of `sources` as links, in each of the forms in which models write them.

    These are ``[1]``, ``[1, 2]``, ``[^1]``, ``[ref_1]`` and ``【1†source】``. A number that no source has stays as it
    is, and so do numbers in code, and footnotes that the text explains itself.
    """
    urls = {source.number: source.url for source in sources if source.number and source.url}
    if not urls:
        return text
    has_notes = _NOTE.search(text) is not None

    def bracket(found: re.Match[str]) -> str:
        said = found[0]
        if has_notes and "^" in said:
            return said
        inside = said[1:-1].partition("†")[0].partition(":")[0]
        numbers = [int(number) for number in re.findall(r"\d+", inside)]
        if not all(number in urls for number in numbers):
            return said
        return "".join(f"[[{number}]](<{urls[number]}>)" for number in numbers)

    def link(prose: str) -> str:
        return _RUN.sub(lambda run: _BRACKET.sub(bracket, run[0]), prose)

    parts, end = [], 0
    for found in _UNTOUCHED.finditer(text):
        parts += [link(text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*parts, link(text[end:])])
