"""The console without a terminal: lines in, answers out, nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.channel import Command
from bridge.errors import Gone
from bridge.types import Chat, IncomingMessage, User
from channels.console import Console
from tests.doors import OPEN

ROOT = Path(__file__).parents[2]


def piped(folder: Path, text: str, *options: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tests.console.program", str(folder), *options],
        input=text.encode(),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def test_several_lines_are_a_dialogue(tmp_path: Path) -> None:
    run = piped(tmp_path, "short\n\n  \ncode\nwas sagst du?", "--greet", PYTHONIOENCODING="utf-8")
    assert run.stdout.decode().split("\n") == [
        "Blue light is **scattered** most.",
        "",
        "```python",
        "def f():",
        "    return [1]",
        "```",
        "",
        "You said 'was sagst du?'.",
        "left",
        "",
    ]
    assert run.stderr == b"" and run.returncode == 0


def test_a_model_writes_no_control_characters(tmp_path: Path) -> None:
    out = piped(tmp_path, "escape\n").stdout
    assert out == b"safe ]0;owned[2J[31m[red]text[/red]5n <b>bold</b>\nend\nleft\n"


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    assert piped(tmp_path, "twice\n").stdout == b"One.\n\nTwo.\n\nThree.\nleft\n"


def test_what_the_encoding_cannot_hold_is_replaced(tmp_path: Path) -> None:
    run = piped(tmp_path, "wide\n", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert b"???" in run.stdout and b"end\nleft\n" in run.stdout and run.returncode == 0


def test_quit_ends_it_before_the_last_line(tmp_path: Path) -> None:
    assert piped(tmp_path, "/quit\nshort\n").stdout == b"left\n"


class _Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


async def test_a_reader_that_goes_away_ends_it() -> None:
    async with Console(user="mia", history_file=None, input=io.StringIO("a\nb\n"), output=_Closed()) as console:
        heard = []
        async for message in console.listen(OPEN):
            heard.append(message.text)
            with pytest.raises(Gone):
                await console.post(message.chat, "An answer.", key="k", final=True)
    assert heard == ["a"]


async def test_the_contract() -> None:
    output = io.StringIO()
    heard: list[IncomingMessage] = []
    console = Console(user="mia", session="s1", history_file=None, input=io.StringIO("  a\n/model x\n"), output=output)
    async with console:
        assert (console.name, console.account, console.set_aside) == ("console", "s1", 0)
        assert console.limits(console.chat).max_buttons == 0
        assert console.limits(console.chat).max_length >= 1_000_000
        await console.publish([Command("help", {"en": "Help"})], [User("console", "s1")])
        async for message in console.listen(OPEN):
            heard.append(message)
            chat = message.chat
            await console.typing(chat)
            posted = await console.post(chat, "One", key=f"key{len(heard)}", final=False)
            again = await console.post(chat, "One and", key=f"key{len(heard)}", again=True, final=False)
            assert again.ref == posted.ref
            await console.posted(chat, posted.ref).edit("One and two.", final=True)
            await posted.edit("One and two.", final=True)
    assert [message.text for message in heard] == ["  a", "/model x"]
    assert heard[0].chat == Chat("console", "s1") and heard[0].chat.direct
    assert heard[0].sender == User("console", "s1") and heard[0].sender.name == "mia"
    assert heard[0].id != heard[1].id and heard[0].sent_at
    assert output.getvalue() == "One and two.\n\nOne and two.\n"
    with pytest.raises(Gone):
        await posted.edit("Too late.", final=True)
