"""The two languages of a page say the same: part for part, command for command, link for link, and what is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from bridge.admin.shell.doctor import MARKS
from bridge.diagnostics import Sentence
from bridge.words import IN, Language
from bridge.words.shell import DOCTOR
from tests.operations.pages import anchors, blocks, links, parts, unfenced
from tests.tunnel.note import ROOT

CHINESE = sorted((ROOT / "docs").glob("*.zh-CN.md"))
PLACEHOLDERS = {
    "provider:model": "服务商:模型",
    "name": "名称",
    "title": "标题",
    "text": "文字",
    "CODE": "认领码",
}
"""What a reader is to replace, in a command; everything else in code is the same in both languages."""
DOCTORS = "text doctor"
"""The mark of a block that shows what doctor says."""
TROUBLES = ROOT / "docs" / "troubleshooting.md"
NAMED_BY_A_FAULT = "BRIDGE_GATEWAY_KYE is not a setting; did you mean BRIDGE_GATEWAY_KEY?"
"""Faults of settings are told in English only."""

each_page = pytest.mark.parametrize("chinese", CHINESE, ids=lambda page: page.name)


def english_of(chinese: Path) -> Path:
    return chinese.with_name(chinese.name.replace(".zh-CN", ""))


def chinese_of(english: Path) -> Path:
    return english.with_name(f"{english.stem}.zh-CN.md")


@each_page
def test_each_language_of_a_page_links_to_the_other(chinese: Path) -> None:
    english = english_of(chinese)
    assert english.read_text().splitlines()[2] == f"[简体中文]({chinese.name})"
    assert chinese.read_text().splitlines()[2] == f"[English]({english.name})"


@each_page
def test_both_have_the_same_headings_paragraphs_items_and_rows(chinese: Path) -> None:
    assert [part.kind for part in parts(chinese)] == [part.kind for part in parts(english_of(chinese))]


@each_page
def test_both_show_the_same_code(chinese: Path) -> None:
    def shown(page: Path) -> list[tuple[str, str]]:
        return [(block.mark, block.obeyed) for block in blocks(page) if block.mark != DOCTORS]

    assert shown(chinese) == shown(english_of(chinese))


@each_page
def test_both_name_the_same_commands_variables_files_and_numbers(chinese: Path) -> None:
    """In every part by itself: what is missing in one place is not made up for by another."""
    for ours, theirs in zip(parts(chinese), parts(english_of(chinese)), strict=True):
        assert ours.code == {in_chinese(code) for code in theirs.code}
        assert ours.numbers == theirs.numbers, theirs


def in_chinese(code: str) -> str:
    """A command with its placeholders in Chinese."""
    command, *rest = code.split(" ")
    if command.startswith("/"):
        return " ".join([command, *(PLACEHOLDERS.get(word, word) for word in rest)])
    return PLACEHOLDERS["provider:model"] if code == "provider:model" else code


@each_page
def test_both_lead_to_the_same_places_each_in_its_language(chinese: Path) -> None:
    english = english_of(chinese)
    theirs = [place for link in links(english) if (place := place_of(english, link)) != (chinese, -1)]
    ours = [place for link in links(chinese) if (place := place_of(chinese, link)) != (english, -1)]
    translated = {page: chinese_of(page) for page, _ in theirs if chinese_of(page).exists()}
    assert sorted(ours) == sorted((translated.get(page, page), heading) for page, heading in theirs)


def place_of(page: Path, link: str) -> tuple[Path, int]:
    """The page that a link leads to, and which of its headings; -1 where it names none."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target, anchors(target).index(anchor) if anchor else -1


def test_the_chinese_readme_leads_to_chinese_pages() -> None:
    readme = ROOT / "README.zh-CN.md"
    led = {place_of(readme, link)[0] for link in links(readme)}
    assert set(CHINESE) <= led
    assert not led & {english_of(page) for page in CHINESE}


# What the pages quote


def sentences(language: Language) -> Iterator[tuple[str, Sentence]]:
    """All that doctor may say in `language`, by a name that is the same in every language; a model's trouble within
    a sentence of doctor's."""
    words: dict[str, Any] = {"doctor": DOCTOR[language], "trouble": IN[language]}
    for channel in ("telegram", "discord", "feishu"):
        words[channel] = import_module(f"channels.{channel}.advice").IN[language]
    for owner, said in words.items():
        for field in fields(said):
            sentence = getattr(said, field.name)
            if isinstance(sentence, str):
                sentence = Sentence(sentence)
            if isinstance(sentence, Sentence):
                yield f"{owner}.{field.name}", sentence


def quoted(page: Path) -> list[list[str]]:
    """For each row of the page's tables, what doctor is quoted with in it."""
    rows = [line.split("|")[2] for line in unfenced(page).splitlines() if line.startswith("|")]
    return [re.findall(r"\*([^*]+)\*", row) for row in rows]


def said_in(quotation: str, language: Language) -> set[str]:
    """The names of the sentences from which this may be quoted; an ellipsis stands for whatever was left out."""
    pattern = re.compile(".*".join(map(re.escape, re.split(" ?… ?", quotation))))
    return {name for name, sentence in sentences(language) if pattern.search(sentence.text)}


def test_doctor_is_quoted_as_it_speaks_in_both_languages() -> None:
    english, chinese = quoted(TROUBLES), quoted(chinese_of(TROUBLES))
    assert [len(row) for row in english] == [len(row) for row in chinese]
    pairs = list(zip(chain(*english), chain(*chinese), strict=True))
    assert len(pairs) > 25
    for theirs, ours in pairs:
        if theirs == NAMED_BY_A_FAULT:
            assert ours == theirs
        else:
            assert said_in(theirs, "en") & said_in(ours, "zh-CN"), (theirs, ours)


def test_doctors_lines_are_shown_as_it_prints_them() -> None:
    english, chinese = samples(TROUBLES, "en"), samples(chinese_of(TROUBLES), "zh-CN")
    assert english == chinese
    assert {mark for mark, _, _ in english} == set(MARKS.values())


def samples(page: Path, language: Language) -> list[tuple[str, str, str]]:
    """The mark, the place and the name of the sentence of every line that a page shows of doctor."""
    [block] = [block for block in blocks(page) if block.mark == DOCTORS]
    return [sample(line, language) for line in block.text.splitlines()]


def sample(line: str, language: Language) -> tuple[str, str, str]:
    found = re.fullmatch(r"(..)  (\w+) +(.*)", line)
    assert found, line
    said = (name for name, sentence in sentences(language) if pattern_of(sentence).fullmatch(found[3]))
    [name] = [name for name in said if not name.startswith("trouble.")]
    return found[1], found[2], name


def pattern_of(sentence: Sentence) -> re.Pattern[str]:
    said = f"{sentence.text} -> {sentence.fix}" if sentence.fix else sentence.text
    return re.compile(".+".join(map(re.escape, re.split(r"\{[^}]*\}", said))))
