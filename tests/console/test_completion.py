"""What Tab offers, what Up brings back, and how Chinese wraps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from rich.cells import cell_len
from rich.text import Text

from bridge.channel import Command
from channels.console.completion import CommandCompleter
from channels.console.history import KEPT, FileHistory
from channels.console.words import locale_tag
from channels.console.wrapping import wrap

MODELS = ["openai:gpt-5", "openai:gpt-5-mini", "ollama:qwen3:8b"]


async def offered(text: str) -> list[str]:
    async def suggest(command: str, typed: str) -> list[str]:
        return [f"/{command} {model}" for model in MODELS if typed in model]

    completer = CommandCompleter(suggest)
    about = {"en": "What it does"}
    model = Command("model", about, argument="part of a name", completes=True)
    completer.offer([model, Command("models", about, argument="part of a name"), Command("new", about)], "en")
    found = completer.get_completions_async(Document(text), CompleteEvent())
    return [completion.text async for completion in found]


async def test_commands_then_what_may_follow_them() -> None:
    assert await offered("/mo") == ["/model ", "/models "]
    assert await offered("/model qw") == ["/model ollama:qwen3:8b"]
    assert await offered("/model ") == [f"/model {model}" for model in MODELS]
    for text in ("/new x", "/models q", "mo", "/model\nqw", "/model x\nqw"):
        assert await offered(text) == []


def test_history_is_private_bounded_and_survives_damage(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history"
    history = FileHistory(path)
    history.store_string("one\ntwo")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with path.open("ab") as file:
        file.write(b'"half a li\n\xff\xfe\n42\n')
        file.writelines(json.dumps(f"line {number}").encode() + b"\n" for number in range(KEPT - 1))
    again = FileHistory(path)
    assert path.stat().st_mode & 0o777 == 0o600
    entries = list(again.load_history_strings())
    assert len(path.read_bytes().splitlines()) == KEPT
    assert entries[0] == f"line {KEPT - 2}" and entries[-1] == "line 0"


def test_a_history_that_cannot_be_kept_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = FileHistory(tmp_path / "file" / "history")
    history.store_string("one")
    assert list(history.load_history_strings()) == []


@pytest.mark.parametrize(
    ("environment", "tag"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW"}, "zh-TW"),
        ({"LANG": "de_DE@euro", "LC_MESSAGES": ""}, "de-DE"),
        ({"LANG": "C.UTF-8"}, ""),
        ({}, ""),
    ],
)
def test_the_language_of_a_locale(environment: dict[str, str], tag: str) -> None:
    assert locale_tag(environment) == tag


def wrapped(text: str, width: int) -> list[str]:
    return [line.plain for line in wrap(Text(text), width)]


def test_wrapping() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("你好，世界。再见", 6) == ["你好，", "世界。", "再见"]
    assert wrapped("使用Python很好", 8) == ["使用", "Python很", "好"]
    assert wrapped("（一）（二）", 6) == ["（一）", "（二）"]
    assert wrapped("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrapped("a\n\nb", 5) == ["a", "", "b"]
    assert all(cell_len(line) <= 5 for line in wrapped("长" * 20 + "🎉" * 9 + "x" * 30, 5))
    assert "".join(wrapped("长" * 20 + "🎉" * 9 + "x" * 30, 5)) == "长" * 20 + "🎉" * 9 + "x" * 30
