"""The console without a terminal: lines in, answers out, nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.channel import Command
from bridge.errors import ChannelError, Gone
from bridge.inbound import Said
from bridge.types import Attachment, Body, BodyFile, Chat, User
from channels.console import Settings
from channels.console.adapter import Console
from channels.console.files import save
from tests.console.program import Bridge

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
    run = piped(tmp_path, "short\n\n  \ncode\nwas sagst du?", PYTHONIOENCODING="utf-8")
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
    async with Console(Settings(), input=io.StringIO("a\nb\n"), output=_Closed()) as console:
        heard = []
        async for [message] in console.listen(Bridge(Path(), console)):
            assert isinstance(message, Said)
            heard.append(message.text)
            with pytest.raises(Gone):
                await console.post(message.chat, Body("An answer."), key="k", final=True)
    assert heard == ["a"]


async def test_the_contract() -> None:
    output = io.StringIO()
    heard: list[Said] = []
    settings = Settings(user="mia", session="s1")
    console = Console(settings, input=io.StringIO("  a\n/model x\n"), output=output)
    async with console:
        assert (console.name, console.account, console.set_aside) == ("console", "s1", 0)
        assert console.limits(console.chat).max_buttons == 0
        assert console.limits(console.chat).max_length >= 1_000_000
        await console.publish([Command("help", {"en": "Help"})], [User("console", "s1")])
        async for [message] in console.listen(Bridge(Path(), console)):
            assert isinstance(message, Said)
            heard.append(message)
            chat = message.chat
            await console.typing(chat)
            posted = await console.post(chat, Body("One"), key=f"key{len(heard)}", final=False)
            again = await console.post(chat, Body("One and"), key=f"key{len(heard)}", retry=True, final=False)
            assert again.ref == posted.ref
            await console.posted(chat, posted.ref).edit(Body("One and two."), final=True)
            await posted.edit(Body("One and two."), final=True)
    assert [message.text for message in heard] == ["  a", "/model x"]
    assert heard[0].chat == Chat("console", "s1") and heard[0].chat.direct
    assert heard[0].sender == User("console", "s1") and heard[0].sender.name == "mia"
    assert heard[0].id != heard[1].id and heard[0].sent_at
    assert output.getvalue() == "One and two.\n\nOne and two.\n"
    with pytest.raises(Gone):
        await posted.edit(Body("Too late."), final=True)


def test_reasoning_is_left_out_of_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    assert piped(tmp_path, "reasoning\n").stdout == b"It is **so**.\n\nReally.\nleft\n"


def test_a_file_is_saved_once_and_its_path_is_shown(tmp_path: Path) -> None:
    run = piped(tmp_path, "picture\n", LANG="C")
    path = tmp_path / "files" / "a cat.png"
    assert run.stdout.decode() == f"A cat\n\nSaved: `{path}`\nleft\n"
    assert path.read_bytes() == b"meow" and path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a.txt", "a.txt"),
        ("..", "image"),
        (".bashrc", "bashrc"),
        ("a\x1b[2J\n.png", "a[2J.png"),
        ("", "image"),
        ("n" * 300 + ".jpeg", "n" * 95 + ".jpeg"),
    ],
)
async def test_a_files_name_leads_nowhere_else(name: str, kept: str, tmp_path: Path) -> None:
    path = await save(BodyFile("image", name, "image/png", b"1"), tmp_path)
    assert path == tmp_path / kept
    assert await save(BodyFile("image", name, "image/png", b"2"), tmp_path) != path
    assert await save(BodyFile("image", name, "image/png", b"1"), tmp_path) == path


async def test_a_file_that_cannot_be_saved_is_an_error_of_the_channel(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError, match="cannot be written: File exists"):
        await save(BodyFile.of("file", "a", "", b"1"), tmp_path / "file")


async def test_files_of_this_machine_are_fetched(tmp_path: Path) -> None:
    async with Console(Settings(), input=io.StringIO(), output=io.StringIO()) as console:
        (tmp_path / "big").write_bytes(b"x" * 1_000_000)
        pieces = [piece async for piece in console.fetch(Attachment("file", ref=str(tmp_path / "big")))]
        assert b"".join(pieces) == b"x" * 1_000_000 and len(pieces) > 1
        with pytest.raises(Gone):
            await anext(aiter(console.fetch(Attachment("file", ref=str(tmp_path / "none")))))
        os.mkfifo(tmp_path / "pipe")
        for unreadable in (tmp_path, tmp_path / "pipe"):
            with pytest.raises(ChannelError):
                await anext(aiter(console.fetch(Attachment("file", ref=str(unreadable)))))
