"""What a reader follows leads somewhere: the links of the documents, and the pictures that GitHub is to show."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bridge.cli import parser
from tests.operations.pages import anchors, blocks, inline_code, links, unfenced
from tests.tunnel.note import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
LARGEST = 300_000
"""Bytes of a picture."""
TWO_SCREENS = 120
"""Lines of a page."""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists() and target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_long_page_begins_with_its_contents(document: Path) -> None:
    """More than two screens; a list of all headings stands above the first of them."""
    text = document.read_text()
    if len(text.splitlines()) <= TWO_SCREENS or document.name == "CHANGELOG.md":
        return
    headings = re.findall(r"(?m)^## +(.*)$", unfenced(document))
    above = text.partition("\n## ")[0]
    assert [heading for heading in headings if f"[{heading}](#" not in above] == []


@pytest.mark.parametrize("page", ["commands.md", "commands.zh-CN.md"])
def test_every_command_of_the_shell_is_on_the_page(page: str) -> None:
    [commands] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    text = (ROOT / "docs" / page).read_text()
    assert not [name for name in commands.choices if f"`cherry-bridge {name}`" not in text]


def command_lines(document: Path) -> Iterator[list[str]]:
    """The arguments of every `cherry-bridge` command in a document's code; optional ones as if they were given."""
    for code in (*(block.obeyed for block in blocks(document)), *inline_code(document)):
        for command in re.findall(r"(?m)(?:^|bin/|exec gateway |[A-Z_]=\S+ +)cherry-bridge( [^\n&|>;]*)?", code):
            yield shlex.split(re.sub(r"[\[\]]", "", command).replace(" N", " 2"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_line_is_understood(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sub-commands and options exist. A name without its arguments, such as `cherry-bridge access`, is enough."""
    if document.name == "CHANGELOG.md":
        return
    for arguments in command_lines(document):
        with suppress(SystemExit):
            parser().parse_args(arguments)
        error = capsys.readouterr().err
        assert not error or "arguments are required" in error, arguments


def test_the_readmes_show_pictures_of_their_language() -> None:
    english, chinese = set(links(ROOT / "README.md")), set(links(ROOT / "README.zh-CN.md"))
    shown = {link for link in english | chinese if link.endswith(".svg")}
    assert {(ROOT / link).name for link in shown} == {picture.name for picture in PICTURES}
    assert all(link.endswith(".zh-CN.svg") == (link in chinese) for link in shown)
    assert "README.zh-CN.md" in english
    assert "README.md" in chinese


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_needs_nothing_but_itself(picture: Path) -> None:
    """GitHub shows it as an image: what is outside of it, and every script, would be missing."""
    source = picture.read_text()
    assert len(source.encode()) < LARGEST
    root = ElementTree.fromstring(source)
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title")
    used = set()
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            *("svg", "title", "style", "defs", "g", "use", "rect", "circle", "path", "text", "tspan", "clipPath")
        }
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on"), name
            if name.endswith("href"):
                assert value.startswith("#")
                used.add(value[1:])
    styles = "".join(style.text or "" for style in root.iter(f"{SVG}style"))
    assert not re.search(r"url\(|@import|@font-face", styles)
    assert used <= {element.get("id") for element in root.iter()}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_rests_where_a_person_wants_no_motion(picture: Path) -> None:
    source = picture.read_text()
    steps = re.search(r"@keyframes film\{(.*)\}\n", source)
    assert steps
    times = [float(time) for time in re.findall(r"([\d.]+)%", steps[1])]
    assert len(times) > 20
    assert all(earlier < later < 100 for earlier, later in pairwise(times))
    resting = re.search(
        r"@media \(prefers-reduced-motion:reduce\)\{\.film\{animation:none;(transform:[^}]+)\}\}", source
    )
    assert resting
    assert resting[1] in steps[1]


@pytest.mark.parametrize("page", ["docs/web.md", "docs/web.zh-CN.md", "README.md", "README.zh-CN.md"])
def test_the_page_is_shown_light_and_dark(page: str) -> None:
    text, ending = (ROOT / page).read_text(), ".zh-CN" if "zh" in page else ""
    for name in (f"page{ending}.png", f"page{ending}.dark.png"):
        assert f'pictures/{name}"' in text
        picture = (ROOT / "docs" / "pictures" / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < LARGEST // 3
